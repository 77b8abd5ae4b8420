-- Orders before a day by the week of the order and that of the customer's first order; week 0 ends at the day, week 1 lies before it.
-- Of customers with several orders, also how far the logarithm of an order's value lies above the customer's own mean.
WITH orders AS (
  SELECT (DATE '{{ before }}' - CAST(order_date AS DATE) - 1) // 7 AS week,
         (DATE '{{ before }}' - CAST(MIN(order_date) OVER customer AS DATE) - 1) // 7 AS cohort,
         COUNT(*) OVER customer AS orders,
         order_date > MIN(order_date) OVER customer AS is_repeat,
         LN(CAST(positive_revenue AS DOUBLE)) - AVG(LN(CAST(positive_revenue AS DOUBLE))) OVER customer AS above
  FROM purchases
  WHERE orders > 0 AND order_date < DATE '{{ before }}'
  WINDOW customer AS (PARTITION BY customer_id))
SELECT week, cohort,
       SUM(CASE WHEN is_repeat THEN 0 ELSE 1 END) AS first_orders,
       SUM(CASE WHEN is_repeat THEN 1 ELSE 0 END) AS repeat_orders,
       SUM(CASE WHEN orders > 1 THEN CAST(ROUND(above, 9) AS DECIMAL(18,9)) ELSE 0 END) AS above,
       SUM(CASE WHEN orders > 1 THEN CAST(ROUND(above * above, 9) AS DECIMAL(18,9)) ELSE 0 END) AS squares,
       SUM(CASE WHEN orders > 1 THEN CAST(1 - 1.0 / orders AS DECIMAL(18,9)) ELSE 0 END) AS freedom
FROM orders
GROUP BY week, cohort
ORDER BY week, cohort
