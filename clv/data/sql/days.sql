{% from "macros.sql" import trimmed %}
{% set number = "TRY_CAST(REPLACE(day_text, ',', '.') AS DOUBLE)" %}
{% set formats -%}
[{% for each in forms %}{{ each | literal }}{{ "" if loop.last else ", " }}{% endfor %}]
{%- endset %}
-- Each text of order_date: its day, its UTC offset in minutes (NULL where it has none), and why it is not a day (or NULL).
CREATE OR REPLACE TABLE dates AS
WITH plain AS (
  SELECT *, {{ trimmed("text", unseen) }} AS day_text FROM order_date_texts
),
shaped AS (
  SELECT *,
    {% if form %}
    true AS readable,
    NULL AS zone
    {% else %}
    regexp_full_match(day_text, {{ iso | literal }}) AS readable,
    CASE WHEN LENGTH(day_text) <= 10 THEN NULL
         WHEN SUFFIX(day_text, 'Z') THEN 'Z'
         ELSE REPLACE(REGEXP_EXTRACT(SUBSTR(day_text, 11), '(Z|z|UTC|GMT|[+-]\d\d:?(\d\d)?)$', 1), ':', '') END AS zone
    {% endif %}
  FROM plain
),
zoned AS (
  SELECT *,
    {% if form == "excel" %}
    CASE WHEN {{ number }} BETWEEN 1 AND 2958465.99999 THEN DATE '1899-12-30' + CAST(FLOOR({{ number }}) AS INTEGER) END AS written,
    {% elif form in ("unix", "unix_ms") %}
    CASE WHEN ABS({{ number }}) < {{ "1e11" if form == "unix" else "1e14" }}
         THEN timezone({{ (zone or "UTC") | literal }}, to_timestamp({{ number }} / {{ 1 if form == "unix" else 1000 }})) END AS written,
    {% elif form and "%z" in form %}
    timezone({{ zone | literal }}, TRY_STRPTIME(day_text, {{ formats }})) AS written,
    {% elif form %}
    TRY_STRPTIME(day_text, {{ formats }}) AS written,
    {% else %}
    CASE WHEN readable THEN TRY_CAST(LEFT(day_text, 10) AS DATE) END AS written,
    {% endif %}
    CASE WHEN zone = '' THEN NULL
         WHEN zone IN ('Z', 'z', 'UTC', 'GMT') THEN 0
         ELSE CAST(LEFT(zone, 1) || '1' AS INTEGER)
              * (CAST(SUBSTR(zone, 2, 2) AS INTEGER) * 60 + COALESCE(TRY_CAST(SUBSTR(zone, 4, 2) AS INTEGER), 0))
         END AS offset_minutes
  FROM shaped
),
days AS (
  SELECT *,
    {% if zone and not form %}
    CAST(CASE WHEN offset_minutes IS NULL THEN written
              ELSE timezone({{ zone | literal }}, timezone('UTC', CAST(written AS TIMESTAMP)
                   + TRY_CAST(REGEXP_EXTRACT(day_text, '\d\d:\d\d(:\d\d)?') AS INTERVAL) - TO_MINUTES(offset_minutes)))
              END AS DATE) AS day
    {% else %}
    CAST(written AS DATE) AS day
    {% endif %}
  FROM zoned
)
SELECT text, n, line, day, offset_minutes,
  CASE WHEN day_text = '' THEN 'order_date is missing'
       {% if form %}
       WHEN day IS NULL THEN {{ ("order_date is not written as data.date_format=" ~ form) | literal }}
       {% else %}
       WHEN day IS NULL AND regexp_matches(day_text, '^\d{4}-\d\d-\d\d') THEN 'order_date is not a possible day and time'
       WHEN day IS NULL THEN 'order_date is not a day written YYYY-MM-DD'
       {% endif %}
       WHEN day >= DATE '{{ latest }}' THEN 'order_date lies in the future'
       WHEN day < DATE '{{ earliest }}' THEN 'order_date lies before data.earliest_date={{ earliest }}' END AS why
FROM days
