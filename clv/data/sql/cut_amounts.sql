-- The share of rows whose revenue and neighbour could be the two halves of an amount that a decimal comma cut; the first line.
SELECT AVG(CASE WHEN regexp_full_match(TRIM({{ whole }}), '[-+]?[\d. ]*\d') AND regexp_full_match(TRIM({{ cents }}), '\d{1,2}')
                THEN 1 ELSE 0 END),
       MIN(line)
FROM {{ table }}
