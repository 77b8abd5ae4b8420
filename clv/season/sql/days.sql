-- Repeat orders before a day by the day; day 0 is the last one.
WITH orders AS (
  SELECT DATEDIFF('day', order_date, DATE '{{ before }}') - 1 AS day,
         order_date > MIN(order_date) OVER (PARTITION BY customer_id) AS is_repeat
  FROM purchases
  WHERE orders > 0 AND order_date < DATE '{{ before }}')
SELECT day, SUM(CASE WHEN is_repeat THEN 1 ELSE 0 END) AS repeat_orders
FROM orders
GROUP BY day
ORDER BY day
