-- The currencies of the rows that count: each with its rows and its first line; the commonest first. Amounts are not currencies.
SELECT UPPER(TRIM(currency)) AS name, COUNT(*), MIN(line)
FROM raw
WHERE LENGTH(TRIM(currency)) BETWEEN 1 AND 4
  AND NOT regexp_matches(currency, '\d')
  {% if has_condition %}
  AND is_counted
  {% endif %}
GROUP BY 1
ORDER BY 2 DESC, 3
