-- Texts of customer_id that lie in other buckets than those in which the partition of their customer is looked for.
CREATE OR REPLACE TEMP TABLE strays AS
SELECT text, part
FROM (SELECT text, {{ part }} AS part, {{ bucket }} AS bucket FROM ids WHERE text <> customer_id)
WHERE bucket NOT BETWEEN part * {{ buckets }} // {{ number }} AND ((part + 1) * {{ buckets }} - 1) // {{ number }}
