{% set size = {"revenue": "LENGTH(REGEXP_EXTRACT(revenue, '[.,](\\d+)\\s*$', 1))", "customer_id": "LENGTH(customer_id)"}[column] %}
-- How long the last column is in the last row and, at least, in every other: decimals of revenue, or characters of an id.
WITH sized AS (
  SELECT {{ size }} AS size, line = (SELECT MAX(line) FROM raw) AS is_last, line FROM raw
)
SELECT MIN(size) FILTER (NOT is_last), MAX(size) FILTER (is_last), MAX(line) FROM sized
