-- Rows with more than 100 times the 99th percentile of absolute revenue.
SELECT COUNT(*) AS outlier_rows
FROM typed
WHERE reason IS NULL
  AND ABS(revenue) > 100 * (
    SELECT CAST(QUANTILE_DISC(ABS(revenue), 0.99) AS DOUBLE) FROM typed WHERE reason IS NULL AND revenue <> 0)
