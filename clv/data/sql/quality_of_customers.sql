SELECT COUNT(*) FILTER (accepted) AS customers,
       COUNT(*) FILTER (ordered) AS customers_with_an_order,
       COUNT(*) FILTER (known) AS known_customers,
       COUNT(*) FILTER (known AND NOT accepted) AS lost_customers,
       ARG_MAX(customer_id, spent) AS largest_customer,
       COALESCE(ROUND(CAST(MAX(spent) / SUM(spent) AS DOUBLE), 4), 0) AS largest_customer_share,
       ARG_MAX(customer_id, orders) AS busiest_customer,
       COALESCE(ROUND(MAX(orders) / NULLIF(SUM(orders), 0), 4), 0) AS busiest_customer_share
FROM (
  SELECT customer_id,
         COUNT(*) FILTER (reason IS NULL AND revenue > 0) AS orders,
         SUM(revenue) FILTER (reason IS NULL AND revenue > 0) AS spent,
         BOOL_OR(reason IS NULL) AS accepted,
         BOOL_OR(reason IS NULL AND revenue > 0) AS ordered,
         BOOL_OR(known) AS known
  FROM typed
  GROUP BY customer_id)
