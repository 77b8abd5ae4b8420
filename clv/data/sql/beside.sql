{% set number -%}
CASE WHEN regexp_full_match(beside, ' *\d{1,15} *') THEN CAST(beside AS BIGINT) END
{%- endset %}
-- The first line whose field outside the header holds what it must not: {{ allowed }}.
SELECT MIN(line)
FROM {{ table }}
{% if allowed == "row numbers" %}
WHERE ({{ number }}) IS NULL
   OR NOT (SELECT COUNT(DISTINCT {{ number }}) = COUNT(*) AND MIN({{ number }}) IN (0, 1)
                  AND MAX({{ number }}) - MIN({{ number }}) = COUNT(*) - 1
           FROM {{ table }})
{% else %}
WHERE TRIM(beside) <> ''
{% endif %}
