-- Each row of a table in memory as it stands, and whether it can mean one thing alone: then nothing is left to judge.
CREATE OR REPLACE TEMP TABLE taken AS
SELECT text AS customer_id, TRY_CAST(day_text AS DATE) AS order_date, TRY_CAST(amount_text AS DECIMAL(18,4)) AS revenue,
       COALESCE(regexp_full_match(text, '[A-Za-z_][A-Za-z0-9_@-]*|\d{1,15}')
                AND regexp_full_match(day_text, '\d{4}-\d\d-\d\d')
                AND TRY_CAST(day_text AS DATE) >= DATE '{{ earliest }}' AND TRY_CAST(day_text AS DATE) < DATE '{{ latest }}'
                AND regexp_full_match(amount_text, '-?\d{1,9}(\.\d{1,4})?')
                AND ABS(TRY_CAST(amount_text AS DECIMAL(18,4))) <= {{ most }}, false) AS is_plain
FROM (SELECT CAST(customer_id AS VARCHAR) AS text, CAST(order_date AS VARCHAR) AS day_text, CAST(revenue AS VARCHAR) AS amount_text
      FROM rows_in_memory)
