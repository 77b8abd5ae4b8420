{% set is_header = "r.line IN (" ~ header_lines | join(", ") ~ ")" if header_lines else "false" %}
-- Each row of `raw` with its customer, day and revenue, or the reason why it is set aside.
CREATE OR REPLACE TABLE typed AS
SELECT r.line, i.customer_id, i.why IS NULL AND NOT {{ is_header }} AS known,
       r.customer_id AS id_text, r.order_date AS date_text, r.revenue AS revenue_text,
       d.day AS order_date, v.amount AS revenue, v.estimate,
       CASE WHEN {{ is_header }} THEN 'customer_id repeats the header'
            {% if cut_line is not none %}
            WHEN r.line = {{ cut_line }} THEN 'revenue cannot be trusted: the file ends in the middle of this row'
            {% endif %}
            ELSE COALESCE(i.why, d.why, v.why) END AS reason
FROM raw r
JOIN ids i ON COALESCE(r.customer_id, '') = i.text
JOIN dates d ON COALESCE(r.order_date, '') = d.text
JOIN revenues v ON COALESCE(r.revenue, '') = v.text
