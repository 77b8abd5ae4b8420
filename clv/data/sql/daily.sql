-- Rows of customer_id, order_date, revenue summed to one per customer and day.
-- Money is a decimal, so that sums do not depend on the order of the rows.
SELECT customer_id, order_date,
       CAST(SUM(revenue) AS DECIMAL(28,4)) AS revenue,
       CAST(SUM(CASE WHEN revenue > 0 THEN revenue ELSE 0 END) AS DECIMAL(28,4)) AS positive_revenue,
       MAX(CASE WHEN revenue > 0 THEN 1 ELSE 0 END) AS orders
FROM (SELECT customer_id, CAST(order_date AS DATE) AS order_date, CAST(revenue AS DECIMAL(18,4)) AS revenue FROM accepted)
GROUP BY customer_id, order_date
