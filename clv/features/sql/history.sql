-- A day of season time (order_day) is shorter where the business sells less. Amounts are what they would be at the mean value of an
-- order over the year (`paid` is what was paid). Without a season both are those of the calendar.
WITH season(is_leap, day_of_year, season_day, in_money) AS (
  VALUES {% for is_leap, day, season_day, in_money in days %}({{ is_leap }}, {{ day }}, {{ season_day }}, {{ in_money }}){{ "" if loop.last else ", " }}{% endfor %}),
calendar AS (
  SELECT customer_id, revenue, positive_revenue, orders, DATEDIFF('day', DATE '1970-01-01', order_date) AS calendar_day,
         DAYOFYEAR(order_date) AS day_of_year,
         CASE WHEN YEAR(order_date) % 4 = 0 AND (YEAR(order_date) % 100 <> 0 OR YEAR(order_date) % 400 = 0) THEN 1 ELSE 0 END AS is_leap
  FROM purchases),
dated AS (
  SELECT customer_id, orders, calendar_day, in_money, revenue AS paid,
         CAST(calendar_day - season.day_of_year + 1 + season_day AS DECIMAL(12,3)) AS order_day,
         CAST(revenue * CAST(in_money AS DECIMAL(8,6)) AS DECIMAL(28,4)) AS revenue,
         CAST(positive_revenue * CAST(in_money AS DECIMAL(8,6)) AS DECIMAL(28,4)) AS positive_revenue
  FROM calendar JOIN season ON calendar.is_leap = season.is_leap AND calendar.day_of_year = season.day_of_year),
linked AS (
  SELECT *, CASE WHEN orders = 1 THEN GREATEST(revenue, 0) END AS order_value,
            LAG(CASE WHEN orders = 1 THEN order_day END IGNORE NULLS) OVER customer_days AS previous_order_day,
            LEAD(CASE WHEN orders = 1 THEN order_day END IGNORE NULLS) OVER customer_days AS next_order_day,
            MIN(CASE WHEN revenue < positive_revenue THEN order_day END) OVER (PARTITION BY customer_id) AS first_refund_day
  FROM dated
  WINDOW customer_days AS (PARTITION BY customer_id ORDER BY calendar_day))
SELECT *, CASE WHEN orders = 1 THEN order_day - previous_order_day END AS gap_days
FROM linked
