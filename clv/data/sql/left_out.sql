-- The rows that do not count by the configuration: the key that leaves them out, how many, and their share of absolute revenue.
SELECT left_out, CAST(SUM("rows") AS BIGINT),
       COALESCE(ROUND(CAST(SUM(absolute) AS DOUBLE) / CAST(NULLIF((SELECT SUM(absolute) FROM counted_left_out), 0) AS DOUBLE), 4), 0)
FROM counted_left_out
WHERE left_out IS NOT NULL
GROUP BY left_out
ORDER BY left_out
