-- The sizes of the accepted amounts of a partition, and how many rows have each.
SELECT ABS(revenue) AS size, COUNT(*) AS "rows"
FROM typed
WHERE reason IS NULL
GROUP BY 1
