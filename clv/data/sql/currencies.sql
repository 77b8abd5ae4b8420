-- The currencies of the rows that count: each with its rows and its first line; the commonest first.
-- Amounts are not currencies, unless rates say that every row must have one.
SELECT UPPER(TRIM(currency)) AS name, COUNT(*), MIN(line)
FROM raw
WHERE LENGTH(TRIM(currency)) {{ "> 0" if whatever else "BETWEEN 1 AND 4" }}
  {% if not whatever %}
  AND NOT regexp_matches(currency, '\d')
  {% endif %}
  {% if has_condition %}
  AND is_counted
  {% endif %}
GROUP BY 1
ORDER BY 2 DESC, 3
