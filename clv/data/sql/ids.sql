-- Each text of customer_id: the id that it means, the words for what was changed, and why it is not an id (or NULL).
CREATE OR REPLACE TABLE ids AS
SELECT t.text, t.n, t.line, COALESCE(c.customer_id, t.text) AS customer_id, COALESCE(c.changes, '') AS changes, c.why
FROM customer_id_texts t
LEFT JOIN cleaned_ids c USING (text)
