WITH dated AS (
  SELECT customer_id, revenue, positive_revenue, orders,
         DATEDIFF('day', DATE '1970-01-01', order_date) AS order_day,
         12 * EXTRACT(YEAR FROM order_date) + EXTRACT(MONTH FROM order_date) AS order_month,
         CASE WHEN orders = 1 THEN GREATEST(revenue, 0) END AS order_value
  FROM purchases),
linked AS (
  SELECT *, LAG(CASE WHEN orders = 1 THEN order_day END IGNORE NULLS) OVER customer_days AS previous_order_day,
            LAG(CASE WHEN orders = 1 THEN order_month END IGNORE NULLS) OVER customer_days AS previous_order_month,
            LEAD(CASE WHEN orders = 1 THEN order_day END IGNORE NULLS) OVER customer_days AS next_order_day,
            MIN(CASE WHEN revenue < positive_revenue THEN order_day END) OVER (PARTITION BY customer_id) AS first_refund_day
  FROM dated
  WINDOW customer_days AS (PARTITION BY customer_id ORDER BY order_day))
SELECT *, CASE WHEN orders = 1 THEN order_day - previous_order_day END AS gap_days,
          CASE WHEN orders = 1 AND (previous_order_month IS NULL OR previous_order_month <> order_month) THEN 1 ELSE 0 END AS is_new_month
FROM linked
