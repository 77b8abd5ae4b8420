{% set long = "LENGTH(customer_id) > 15 AND why IS NULL AND regexp_full_match(customer_id, '[1-9]\\d{15,}')" %}
{% set cut = "regexp_full_match(customer_id, '\\d{15}0+')" %}
-- Ids of more than 15 digits that a spreadsheet rounded: all of several end in zeros behind the 15th. How many rows, the first line, its text.
SELECT CASE WHEN COUNT(*) > 1 AND BOOL_AND({{ cut }}) THEN SUM(n) END, MIN(line), ARG_MIN(text, line)
FROM ids
WHERE {{ long }}
