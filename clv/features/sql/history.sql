WITH dated AS (
  SELECT customer_id, revenue, positive_revenue, orders,
         DATEDIFF('day', DATE '1970-01-01', order_date) AS order_day,
         CASE WHEN orders = 1 THEN GREATEST(revenue, 0) END AS order_value
  FROM purchases),
linked AS (
  SELECT *, LAG(CASE WHEN orders = 1 THEN order_day END IGNORE NULLS) OVER customer_days AS previous_order_day,
            LEAD(CASE WHEN orders = 1 THEN order_day END IGNORE NULLS) OVER customer_days AS next_order_day,
            MIN(CASE WHEN revenue < positive_revenue THEN order_day END) OVER (PARTITION BY customer_id) AS first_refund_day
  FROM dated
  WINDOW customer_days AS (PARTITION BY customer_id ORDER BY order_day))
SELECT *, CASE WHEN orders = 1 THEN order_day - previous_order_day END AS gap_days
FROM linked
