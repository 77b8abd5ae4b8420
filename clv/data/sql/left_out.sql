-- The rows that do not count by the configuration: the key that leaves them out, how many, and their share of absolute revenue.
SELECT left_out, COUNT(*),
       COALESCE(ROUND(CAST(SUM(ABS(revenue)) / NULLIF((SELECT SUM(ABS(revenue)) FROM typed), 0) AS DOUBLE), 4), 0)
FROM typed
WHERE left_out IS NOT NULL
GROUP BY left_out
ORDER BY left_out
