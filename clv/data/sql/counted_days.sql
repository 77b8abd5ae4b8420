-- The rows of a partition by their day, accepted or not.
SELECT order_date, reason IS NULL AS accepted, COUNT(*) AS "rows",
       COUNT(*) FILTER (revenue < 0) AS returns, COUNT(*) FILTER (revenue = 0) AS zeros,
       SUM(revenue) AS revenue, SUM(ABS(revenue)) AS absolute, SUM(estimate) AS estimate
FROM typed
GROUP BY 1, 2
