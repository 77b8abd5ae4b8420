{% set size = "LENGTH(customer_id)" if column == "customer_id" else "LENGTH(REGEXP_EXTRACT(" ~ column ~ ", '[.,](\\d+)\\s*$', 1))" %}
-- How long the last column is in the last row and, at least, in every other: decimals of an amount, or characters of an id.
WITH sized AS (
  SELECT {{ size }} AS size, line = (SELECT MAX(line) FROM {{ table }}) AS is_last, line FROM {{ table }}
)
SELECT MIN(size) FILTER (NOT is_last), MAX(size) FILTER (is_last), MAX(line) FROM sized
