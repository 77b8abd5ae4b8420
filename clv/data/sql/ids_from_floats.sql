{% from "macros.sql" import listed %}
-- Ids that a tool wrote as floats without loss: every id ends in .0 and is below 2^53, so that no digit was rounded.
UPDATE ids
SET customer_id = SPLIT_PART(customer_id, '.', 1), changes = TRIM(changes || ' floats')
WHERE why IS NULL
  AND regexp_full_match(customer_id, '\d{1,16}\.0')
  AND (SELECT BOOL_AND(regexp_full_match(customer_id, '\d{1,16}\.0')
                       AND TRY_CAST(SPLIT_PART(customer_id, '.', 1) AS BIGINT) < 9007199254740992)
       FROM ids WHERE why IS NULL{% if guests %} AND LOWER(customer_id) NOT IN {{ listed(guests) }}{% endif %})
