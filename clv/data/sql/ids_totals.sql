{% from "macros.sql" import listed %}
{% set word = "(sub-?total|total|sum|somme|summe|suma|summa|totale|totaal|ergebnis)" %}
{% set customer -%}
NULLIF(TRIM(COALESCE(NULLIF(REGEXP_EXTRACT(LOWER(customer_id), '^(.*\S)\s+{{ word }}$', 1), ''),
                     REGEXP_EXTRACT(LOWER(customer_id), '^{{ word }}\s+(of |for )?(\S.*)$', 3))), '')
{%- endset %}
-- The id of a subtotal is the id of a customer with a word for a sum beside it. Where there are such, the sum of all is no customer either.
UPDATE ids
SET why = 'customer_id is a total of other rows'
WHERE why IS NULL
  AND ({{ customer }} IN (SELECT LOWER(customer_id) FROM ids)
       OR LOWER(customer_id) IN {{ listed(totals) }}
          AND (SELECT BOOL_OR({{ customer }} IN (SELECT LOWER(customer_id) FROM ids)) FROM ids))
