-- The distinct texts of one column: each is judged once, however many rows hold it.
INSERT INTO {{ column }}_texts
SELECT COALESCE({{ column }}, '') AS text, COUNT(*) AS n, MIN(line) AS line
FROM ({{ rows }})
GROUP BY 1
