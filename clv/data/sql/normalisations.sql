-- What was changed in texts to read them: a name, and the number of rows.
SELECT 'ids_' || word AS name, CAST(SUM(n) AS BIGINT) AS "rows"
FROM (SELECT n, UNNEST(STRING_SPLIT(changes, ' ')) AS word FROM ids)
WHERE word <> ''
GROUP BY 1
UNION ALL SELECT 'revenue_other_minus', CAST(SUM(n) AS BIGINT) FROM revenues WHERE other_minus HAVING SUM(n) > 0
UNION ALL SELECT 'revenue_rounded_to_4_decimals', CAST(SUM(n) AS BIGINT) FROM revenues WHERE rounded HAVING SUM(n) > 0
ORDER BY 1
