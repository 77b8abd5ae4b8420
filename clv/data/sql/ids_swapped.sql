{% set swapped -%}
regexp_full_match(customer_id, '[-+]?\d+[.,]\d+|\d{4}-\d\d-\d\d([T ].*)?')
{%- endset %}
-- A swapped pair of fields is seen by an id that looks like an amount or a day among ids that do not.
UPDATE ids
SET why = 'customer_id looks like an amount or a day; most others do not'
WHERE why IS NULL
  AND {{ swapped }}
  AND (SELECT AVG(CASE WHEN {{ swapped }} THEN 1 ELSE 0 END) FROM ids) < 0.5
