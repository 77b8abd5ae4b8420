-- Rows with more than 100 times the 99th percentile of absolute revenue.
SELECT COUNT(*) AS outlier_rows
FROM typed
WHERE reason IS NULL
  AND ABS(revenue) > 100 * (
    SELECT CAST(PERCENTILE_DISC(0.99) WITHIN GROUP (ORDER BY ABS(revenue)) AS DOUBLE) FROM typed WHERE reason IS NULL AND revenue <> 0)
