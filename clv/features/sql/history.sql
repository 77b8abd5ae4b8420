{# One text for every engine: DuckDB runs it as it is, and sqlglot says it in another dialect. Therefore: exact numbers, or DOUBLE on
both sides of an operation; plain aggregates and windows; no product of decimals with more than 38 digits. #}
-- A day of season time (order_day) is shorter where the business sells less. Amounts are what they would be at the mean value of an
-- order over the year (`paid` is what was paid). Without a season both are those of the calendar.
WITH days AS (  -- days of season time since 1 January, and what one unit of currency of the day is worth at the mean value of an order
  SELECT * FROM (VALUES
    {% for day in days %}
    ({{ day | join(", ") }}){{ "" if loop.last else "," }}
    {% endfor %}
  ) AS days(day_of_year, season_day, worth, leap_season_day, leap_worth)),
calendar AS (
  SELECT *, CAST(DATEDIFF('day', DATE '1970-01-01', order_date) AS INTEGER) AS calendar_day,
         YEAR(order_date) % 4 = 0 AND (YEAR(order_date) % 100 <> 0 OR YEAR(order_date) % 400 = 0) AS is_leap
  FROM purchases),
dated AS (
  SELECT calendar.customer_id, calendar.orders, calendar.calendar_day, calendar.revenue AS paid, calendar.positive_revenue AS placed,
         CAST(CASE WHEN calendar.is_leap THEN days.leap_worth ELSE days.worth END AS DECIMAL(8,6)) AS worth,
         CAST(calendar.calendar_day - days.day_of_year + 1
              + CAST(CASE WHEN calendar.is_leap THEN days.leap_season_day ELSE days.season_day END AS DECIMAL(8,3)) AS DECIMAL(12,3)) AS order_day
  FROM calendar JOIN days ON EXTRACT(doy FROM calendar.order_date) = days.day_of_year),
linked AS (  -- order days with their neighbours; days without an order have those of their own kind, which nobody reads
  SELECT *, LAG(order_day) OVER (PARTITION BY customer_id, orders ORDER BY calendar_day) AS previous_day,
            LEAD(order_day) OVER (PARTITION BY customer_id, orders ORDER BY calendar_day) AS next_day
  FROM dated)
SELECT customer_id, calendar_day, order_day, orders, paid, placed, worth,
       CASE WHEN orders = 1 THEN previous_day END AS previous_order_day,
       CASE WHEN orders = 1 THEN next_day END AS next_order_day
FROM linked
