-- The number of rows, and a sum over their digests that does not depend on their order: a database gives rows in any.
SELECT COUNT(*),
       COALESCE(SUM(CAST(MD5_NUMBER_LOWER(CONCAT_WS(CHR(31){% for column in columns %}, COALESCE({{ column }}, ''){% endfor %})) AS HUGEINT)), 0)
FROM file_rows
