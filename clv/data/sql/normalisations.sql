-- What was changed in texts to read them: a name, and the number of rows.
SELECT 'ids_' || word AS name, CAST(SUM(n) AS BIGINT) AS "rows"
FROM (SELECT n, UNNEST(STRING_SPLIT(changes, ' ')) AS word FROM ids)
WHERE word <> ''
GROUP BY 1
{% for name in amounts %}
{% for change, words in {"had_currency": "without_currency_sign", "other_minus": "other_minus", "rounded": "rounded_to_4_decimals", "changed": "changed_by_rounding"}.items() %}
UNION ALL SELECT '{{ name }}_{{ words }}', CAST(SUM(n) AS BIGINT) FROM amounts_{{ name }} WHERE {{ change }} HAVING SUM(n) > 0
{% endfor %}
{% endfor %}
ORDER BY 1
