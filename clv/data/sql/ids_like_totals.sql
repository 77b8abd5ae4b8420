-- Whether any id may be that of a subtotal: a question that is quick on millions of ids.
SELECT COUNT(*) > 0
FROM ids
WHERE CONTAINS(customer_id, ' ') AND regexp_matches(customer_id, '(?i)tota|sum|somme|ergebnis')
