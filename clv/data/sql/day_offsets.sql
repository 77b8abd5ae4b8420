-- The UTC offsets of the days that were read: each with its rows, its first line and its text there; the commonest first.
SELECT offset_minutes, SUM(n), MIN(line), ARG_MIN(text, line)
FROM dates
WHERE day IS NOT NULL
GROUP BY 1
ORDER BY 2 DESC, 3
