{% set sign = "[A-Z]{0,3}\\p{Sc}|[A-Z]{3}|[Kk]r\\.?|zł|Kč|Ft|Rs\\.?|Fr\\.?|[Ll]ei|лв\\.?|руб\\.?" %}
-- The currency sign that most amounts carry, before or behind the number; no row where there is none.
WITH signs AS (
  SELECT n, COALESCE(NULLIF(REGEXP_EXTRACT(amount_text, '^[-+(]?\s*({{ sign }})\s*[-+(]?\s*\d', 1), ''),
                     NULLIF(REGEXP_EXTRACT(amount_text, '\d[.,]?\s*({{ sign }})\s*[)-]?$', 1), '')) AS sign
  FROM amounts_{{ name }}
  WHERE amount_text <> ''
)
SELECT sign
FROM signs
GROUP BY sign
HAVING sign IS NOT NULL AND SUM(n) > 0.5 * (SELECT SUM(n) FROM signs)
