-- A day of season time (order_day) is shorter where the business sells less. Amounts are what they would be at the mean value of an
-- order over the year (`paid` is what was paid). Without a season both are those of the calendar.
WITH calendar AS (
  SELECT customer_id, revenue, positive_revenue, orders, DATEDIFF('day', DATE '1970-01-01', order_date) AS calendar_day,
         DAYOFYEAR(order_date) AS day_of_year,
         YEAR(order_date) % 4 = 0 AND (YEAR(order_date) % 100 <> 0 OR YEAR(order_date) % 400 = 0) AS is_leap
  FROM purchases),
seasonal AS (  -- days of season time since 1 January, and what one unit of currency of the day is worth at the mean value of an order
  SELECT *, CASE WHEN is_leap THEN {{ days_of_leap_year }}[day_of_year] ELSE {{ days_of_year }}[day_of_year] END AS season_day,
         CASE WHEN is_leap THEN {{ worth_in_leap_year }}[day_of_year] ELSE {{ worth_in_year }}[day_of_year] END AS worth
  FROM calendar),
dated AS (
  SELECT customer_id, orders, calendar_day, revenue AS paid, CAST(worth AS DECIMAL(8,6)) AS worth,
         CAST(calendar_day - day_of_year + 1 + CAST(season_day AS DECIMAL(8,3)) AS DECIMAL(12,3)) AS order_day,
         CAST(CAST(revenue AS DOUBLE) * worth AS DECIMAL(28,4)) AS revenue,
         CAST(CAST(positive_revenue AS DOUBLE) * worth AS DECIMAL(28,4)) AS positive_revenue
  FROM seasonal),
linked AS (
  SELECT *, CASE WHEN orders = 1 THEN GREATEST(revenue, 0) END AS order_value,
            LAG(CASE WHEN orders = 1 THEN order_day END IGNORE NULLS) OVER customer_days AS previous_order_day,
            LEAD(CASE WHEN orders = 1 THEN order_day END IGNORE NULLS) OVER customer_days AS next_order_day,
            MIN(CASE WHEN revenue < positive_revenue THEN order_day END) OVER (PARTITION BY customer_id) AS first_refund_day
  FROM dated
  WINDOW customer_days AS (PARTITION BY customer_id ORDER BY calendar_day))
SELECT *, CASE WHEN orders = 1 THEN order_day - previous_order_day END AS gap_days
FROM linked
