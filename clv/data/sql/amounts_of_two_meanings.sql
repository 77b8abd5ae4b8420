{% set either -%}
regexp_full_match(amount_text, '[-+]?[1-9]\d{0,2}(\.\d{3})+')
{%- endset %}
{% set pointed -%}
regexp_full_match(amount_text, '[-+]?[\d.]+([eE][-+]?\d+)?') AND amount_text LIKE '%.%'
{%- endset %}
-- Of {{ name }}: rows whose points could separate thousands as well as decimals, rows with other points; the first of the former, and its text.
SELECT SUM(n) FILTER ({{ either }}), SUM(n) FILTER ({{ pointed }} AND NOT {{ either }}),
       MIN(line) FILTER ({{ either }}), ARG_MIN(text, line) FILTER ({{ either }})
FROM amounts_{{ name }}
