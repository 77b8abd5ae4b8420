-- The rows of a partition by what leaves them out, NULL: they count.
SELECT left_out, COUNT(*) AS "rows", SUM(ABS(revenue)) AS absolute
FROM typed
GROUP BY 1
