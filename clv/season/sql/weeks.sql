-- Orders before a day by the week of the order and that of the customer's first order; week 0 ends at the day, week 1 lies before it.
-- Of customers with several orders, also how far the logarithm of an order's value lies above the customer's own mean.
WITH valued AS (
  SELECT customer_id, order_date, LN(CAST(positive_revenue AS DOUBLE)) AS log_value
  FROM purchases
  WHERE orders > 0 AND order_date < DATE '{{ before }}'),
orders AS (
  SELECT FLOOR(CAST(DATEDIFF('day', order_date, DATE '{{ before }}') - 1 AS DOUBLE) / 7) AS week,
         FLOOR(CAST(DATEDIFF('day', MIN(order_date) OVER (PARTITION BY customer_id), DATE '{{ before }}') - 1 AS DOUBLE) / 7) AS cohort,
         COUNT(*) OVER (PARTITION BY customer_id) AS orders,
         order_date > MIN(order_date) OVER (PARTITION BY customer_id) AS is_repeat,
         log_value - AVG(log_value) OVER (PARTITION BY customer_id) AS above
  FROM valued)
SELECT week, cohort,
       SUM(CASE WHEN is_repeat THEN 0 ELSE 1 END) AS first_orders,
       SUM(CASE WHEN is_repeat THEN 1 ELSE 0 END) AS repeat_orders,
       SUM(CASE WHEN orders > 1 THEN CAST(ROUND(above, 9) AS DECIMAL(18,9)) ELSE 0 END) AS above,
       SUM(CASE WHEN orders > 1 THEN CAST(ROUND(above * above, 9) AS DECIMAL(18,9)) ELSE 0 END) AS squares,
       SUM(CASE WHEN orders > 1 THEN CAST(1 - CAST(1 AS DOUBLE) / orders AS DECIMAL(18,9)) ELSE 0 END) AS freedom
FROM orders
GROUP BY week, cohort
ORDER BY week, cohort
