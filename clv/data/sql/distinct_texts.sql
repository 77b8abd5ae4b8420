-- The distinct texts of one column of `raw`: each is judged once, however many rows hold it.
CREATE OR REPLACE TABLE {{ column }}_texts AS
SELECT COALESCE({{ column }}, '') AS text, COUNT(*) AS n, MIN(line) AS line
FROM raw
GROUP BY 1
