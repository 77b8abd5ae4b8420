-- The texts of each column that cannot be read, whatever the other columns of their rows hold: at most {{ most }} a column.
{% for column, table in tables.items() %}
(SELECT '{{ column }}' AS "column", why AS reason, text AS value, n AS "rows", line
 FROM {{ table }}
 WHERE why IS NOT NULL
 ORDER BY n DESC, line
 LIMIT {{ most }})
{{ "" if loop.last else "UNION ALL" }}
{% endfor %}
