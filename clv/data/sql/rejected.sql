-- The rows that were set aside: line, column, value, reason. A reason begins with the name of its column.
SELECT line, SPLIT_PART(reason, ' ', 1) AS "column",
       COALESCE(CASE SPLIT_PART(reason, ' ', 1)
                     {% for name in names %}
                     WHEN '{{ name }}' THEN {{ name }}_text
                     {% endfor %}
                     END, '') AS value,
       reason
FROM typed
WHERE reason IS NOT NULL
