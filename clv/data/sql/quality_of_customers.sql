SELECT CAST(SUM(customers) AS BIGINT) AS customers,
       CAST(SUM(customers_with_an_order) AS BIGINT) AS customers_with_an_order,
       CAST(SUM(known_customers) AS BIGINT) AS known_customers,
       CAST(SUM(lost_customers) AS BIGINT) AS lost_customers,
       MIN(largest_customer) FILTER (most_spent = (SELECT MAX(most_spent) FROM counted_customers)) AS largest_customer,
       COALESCE(ROUND(CAST(MAX(most_spent) / SUM(spent) AS DOUBLE), 4), 0) AS largest_customer_share,
       MIN(busiest_customer) FILTER (most_orders = (SELECT MAX(most_orders) FROM counted_customers)) AS busiest_customer,
       COALESCE(ROUND(MAX(most_orders) / NULLIF(SUM(orders), 0), 4), 0) AS busiest_customer_share
FROM counted_customers
