{% from "macros.sql" import trimmed %}
-- Each text of {{ name }}: its amount, an estimate of its size even where it cannot be read, and why it is not an amount (or NULL).
CREATE OR REPLACE TABLE amounts_{{ name }} AS
WITH plain AS (
  SELECT *, REPLACE({{ trimmed("text", unseen) }}, '−', '-') AS plain_text FROM {{ name }}_texts
),
signless AS (
  SELECT *,
    {% if currency %}
    REGEXP_REPLACE(REGEXP_REPLACE(plain_text, {{ ("^([-+(]?)\\s*" ~ currency ~ "\\s*") | literal }}, '\1'),
                   {{ ("\\s*" ~ currency ~ "\\s*([)-]?)$") | literal }}, '\1') AS signless_text
    {% else %}
    plain_text AS signless_text
    {% endif %}
  FROM plain
),
signed AS (
  SELECT *,
    {% if negative_style == "parentheses" %}
    REGEXP_REPLACE(signless_text, '^\(\s*(.*?)\s*\)$', '-\1') AS amount_text
    {% elif negative_style == "trailing_minus" %}
    REGEXP_REPLACE(signless_text, '^(.*?)\s*-$', '-\1') AS amount_text
    {% else %}
    signless_text AS amount_text
    {% endif %}
  FROM signless
),
numbers AS (
  SELECT *,
    CASE WHEN regexp_full_match(amount_text, {{ number | literal }}) OR regexp_full_match(amount_text, {{ grouped | literal }})
         THEN REPLACE(REGEXP_REPLACE(amount_text, {{ separators | literal }}, '', 'g'), {{ decimal | literal }}, '.')
         END AS number_text
  FROM signed
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
  signless_text <> plain_text AS had_currency,
  COALESCE(ABS(TRY_CAST(number_text AS DOUBLE) - CAST(amount AS DOUBLE)) > 1e-6, false) AS rounded,
  COALESCE(ABS(TRY_CAST(number_text AS DOUBLE) - CAST(amount AS DOUBLE)) > 1e-3 * ABS(TRY_CAST(number_text AS DOUBLE)), false) AS changed,
  CASE WHEN amount_text = '' THEN {{ "NULL" if name == "refund" else "'" ~ name ~ " is missing'" }}
       WHEN regexp_full_match(LOWER(amount_text), '[-+]?(inf|infinity|nan)') THEN '{{ name }} is not finite'
       WHEN number_text IS NULL THEN {{ (name ~ " is not a number like -1234" ~ decimal ~ "50") | literal }}
       WHEN amount = 0 AND TRY_CAST(number_text AS DOUBLE) <> 0 THEN '{{ name }} is not 0, and too small for four decimals'
       WHEN amount IS NULL OR ABS(amount) > {{ most }} THEN '{{ name }} is beyond data.max_abs_revenue={{ "%g" % most }}' END AS why
FROM estimates
