-- Rows with more than 100 times the 99th percentile of absolute revenue.
WITH sizes AS (
  SELECT size, SUM("rows") AS "rows" FROM counted_amounts GROUP BY 1
),
below AS (
  SELECT size, SUM("rows") OVER (ORDER BY size) AS "rows", SUM("rows") OVER () AS all_rows FROM sizes WHERE size <> 0
),
percentile AS (
  SELECT CAST(MIN(size) AS DOUBLE) AS size FROM below WHERE "rows" >= GREATEST(all_rows - FLOOR(CAST(all_rows AS DOUBLE) - all_rows * CAST(0.99 AS DOUBLE)), 1)
)
SELECT CAST(COALESCE(SUM("rows"), 0) AS BIGINT) AS outlier_rows
FROM sizes
WHERE size > 100 * (SELECT size FROM percentile)
