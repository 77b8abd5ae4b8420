-- The customers of a partition in one row; a customer is in one partition alone.
WITH customers AS (
  SELECT customer_id,
         COUNT(*) FILTER (reason IS NULL AND revenue > 0) AS orders,
         SUM(revenue) FILTER (reason IS NULL AND revenue > 0) AS spent,
         BOOL_OR(reason IS NULL) AS accepted,
         BOOL_OR(reason IS NULL AND revenue > 0) AS ordered,
         BOOL_OR(known) AS known
  FROM typed
  GROUP BY customer_id
)
SELECT COUNT(*) FILTER (accepted) AS customers,
       COUNT(*) FILTER (ordered) AS customers_with_an_order,
       COUNT(*) FILTER (known) AS known_customers,
       COUNT(*) FILTER (known AND NOT accepted) AS lost_customers,
       MAX(spent) AS most_spent, SUM(spent) AS spent,
       (SELECT MIN(customer_id) FROM customers WHERE spent = (SELECT MAX(spent) FROM customers)) AS largest_customer,
       MAX(orders) AS most_orders, SUM(orders) AS orders,
       (SELECT MIN(customer_id) FROM customers WHERE orders = (SELECT MAX(orders) FROM customers)) AS busiest_customer,
       (SELECT COUNT(*) - COUNT(DISTINCT HASH(customer_id, order_date_text{% for name in amounts %}, {{ name }}_text{% endfor %}))
        FROM typed WHERE reason IS NULL) AS duplicate_rows
FROM customers
