{% set zeros -%}
regexp_full_match(customer_id, '-?\d+[.,]0+')
{%- endset %}
-- Ids that a tool turned into floats: how many rows, the first line, its text. 12.00 is one where most ids end so.
SELECT SUM(n), MIN(line), ARG_MIN(text, line)
FROM ids
WHERE regexp_full_match(customer_id, '-?\d+\.0|-?\d+[eE]\+\d+|-?\d+[.,]\d+[eE][-+]?\d+')
   OR ({{ zeros }} AND (SELECT AVG(CASE WHEN {{ zeros }} THEN 1 ELSE 0 END) FROM ids) >= 0.5)
