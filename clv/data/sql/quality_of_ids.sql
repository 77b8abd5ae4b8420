{% from "macros.sql" import listed %}
{% set real = " AND LOWER(customer_id) NOT IN " ~ listed(guests) if guests else "" %}
-- Ids that differ only by case, inner blanks or a leading apostrophe; ids that are words for nothing.
WITH plain AS (
  SELECT customer_id, LOWER(REGEXP_REPLACE(LTRIM(customer_id, ''''), ' +', ' ', 'g')) AS name FROM ids WHERE why IS NULL{{ real }}
),
alike AS (
  SELECT LIST(DISTINCT customer_id ORDER BY customer_id) AS ids
  FROM plain
  WHERE name IN (SELECT name FROM plain GROUP BY name HAVING COUNT(*) > 1)
  GROUP BY name
  HAVING COUNT(DISTINCT customer_id) > 1
),
variants AS (
  SELECT COALESCE(SUM(LEN(ids)), 0)::BIGINT AS case_variants, ARRAY_TO_STRING(MIN(ids)[1:2], ' and ') AS case_variants_example
  FROM alike
),
nothing AS (
  SELECT COUNT(DISTINCT customer_id) AS ids_for_nothing, MIN(customer_id) AS ids_for_nothing_example
  FROM ids
  WHERE why IS NULL{{ real }} AND LOWER(customer_id) IN {{ listed(words_for_nothing) }}
)
SELECT * FROM variants, nothing
