{% from "macros.sql" import trimmed %}
-- Each text of revenue: its amount, an estimate of its size even where it cannot be read, and why it is not an amount (or NULL).
CREATE OR REPLACE TABLE revenues AS
WITH plain AS (
  SELECT *, REPLACE({{ trimmed("text", unseen) }}, '−', '-') AS amount_text FROM revenue_texts
),
numbers AS (
  SELECT *,
    CASE WHEN regexp_full_match(amount_text, {{ number | literal }}) OR regexp_full_match(amount_text, {{ grouped | literal }})
         THEN REPLACE(REGEXP_REPLACE(amount_text, {{ separators | literal }}, '', 'g'), {{ decimal | literal }}, '.')
         END AS number_text
  FROM plain
),
amounts AS (
  SELECT *,
    TRY_CAST(number_text AS DECIMAL(18,4)) AS amount,
    REGEXP_REPLACE(amount_text, '[^0-9.,]', '', 'g') AS digits
  FROM numbers
),
estimates AS (
  SELECT *,
    COALESCE(ABS(CAST(amount AS DOUBLE)), TRY_CAST(
      CASE WHEN number_text IS NOT NULL THEN number_text
           WHEN regexp_matches(amount_text, '\d *[-/:] *\d') THEN NULL
           WHEN regexp_matches(digits, '[.,]\d{1,2}$')
           THEN REGEXP_REPLACE(REGEXP_REPLACE(digits, '[.,]\d{1,2}$', ''), '[.,]', '', 'g') || '.'
                || REGEXP_EXTRACT(digits, '[.,](\d{1,2})$', 1)
           ELSE REGEXP_REPLACE(digits, '[.,]', '', 'g') END AS DOUBLE)) AS estimate
  FROM amounts
)
SELECT text, n, line, amount, amount_text,
  CASE WHEN ABS(estimate) <= {{ most }} THEN ABS(estimate) ELSE 0 END AS estimate,
  text LIKE '%−%' AS other_minus,
  COALESCE(ABS(TRY_CAST(number_text AS DOUBLE) - CAST(amount AS DOUBLE)) > 1e-6, false) AS rounded,
  CASE WHEN amount_text = '' THEN 'revenue is missing'
       WHEN regexp_full_match(LOWER(amount_text), '[-+]?(inf|infinity|nan)') THEN 'revenue is not finite'
       WHEN number_text IS NULL THEN {{ ("revenue is not a number like -1234" ~ decimal ~ "50") | literal }}
       WHEN amount IS NULL OR ABS(amount) > {{ most }} THEN 'revenue is beyond data.max_abs_revenue={{ "%g" % most }}' END AS why
FROM estimates
