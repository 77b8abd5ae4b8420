{% set is_header = "r.line IN (FROM header_lines)" if has_headers else "false" %}
{% from "macros.sql" import listed %}
{% set share = 1 if margin is none else margin %}
{% set rate -%}
{% if factors %} * CAST(CASE UPPER(TRIM(r.currency)){% for name, factor in factors.items() %} WHEN {{ name | literal }} THEN {{ factor * share }}{% endfor %} ELSE {{ share }} END AS DECIMAL(19,12))
{%- elif margin is not none %} * CAST({{ margin }} AS DECIMAL(19,12)){% endif %}
{%- endset %}
{% set revenue -%}
{% if rate %}TRY_CAST(CAST({% endif %}
{% if "quantity" in amounts %}TRY_CAST(CAST(quantity.amount AS DECIMAL(19,4)) * CAST(unit_price.amount AS DECIMAL(19,4)) AS DECIMAL(18,4)){% else %}revenue.amount{% endif %}
{%- if "refund" in amounts %} - COALESCE(ABS(refund.amount), 0){% endif %}
{%- if "cost" in amounts %} - ABS(cost.amount) * SIGN({{ "quantity.amount" if "quantity" in amounts else "revenue.amount" }}){% endif %}
{%- if rate %} AS DECIMAL(19,4)){{ rate }} AS DECIMAL(18,4)){% endif %}
{%- endset %}
-- Each row with its customer, day and revenue, or the reason why it is set aside.
CREATE OR REPLACE TABLE typed AS
SELECT r.line, i.customer_id, i.why IS NULL AND NOT {{ is_header }} AS known,
       r.customer_id AS customer_id_text, r.order_date AS order_date_text,
       {% for name in amounts %}
       r.{{ name }} AS {{ name }}_text,
       {% endfor %}
       d.day AS order_date, CAST({{ revenue }} AS DECIMAL(18,4)) AS revenue,
       {{ "quantity.estimate * unit_price.estimate" if "quantity" in amounts else "revenue.estimate" }}{{ rate }} AS estimate,
       CASE WHEN {{ is_header }} THEN 'customer_id repeats the header'
            {% if cut_lines %}
            WHEN r.line IN ({{ cut_lines | join(", ") }}) THEN '{{ amounts[0] }} cannot be trusted: the file ends in the middle of this row'
            {% endif %}
            ELSE COALESCE(i.why, d.why{% for name in amounts %}, {{ name }}.why{% endfor %}
                          {% if amounts != ("revenue",) or rate %}, CASE WHEN {{ revenue }} IS NULL OR ABS({{ revenue }}) > {{ most }}
                          THEN '{{ amounts[0] }} makes a revenue beyond data.max_abs_revenue={{ "%g" % most }}' END{% endif %})
            END AS reason
       {%- if leaves_out %},
       CASE
            {% if has_condition %}
            WHEN NOT r.is_counted THEN 'where'
            {% endif %}
            {% if latest_date %}
            WHEN d.day > DATE '{{ latest_date }}' THEN 'latest_date'
            {% endif %}
            {% if currency and not factors %}
            WHEN TRIM(r.currency) <> '' AND UPPER(TRIM(r.currency)) <> {{ currency | literal }} THEN 'currency'
            {% endif %}
            {% if guests %}
            WHEN LOWER(i.customer_id) IN {{ listed(guests) }} THEN 'guest_ids'
            {% endif %}
            {% if drops_missing %}
            WHEN i.why = 'customer_id is missing' THEN 'missing_id'
            {% endif %}
            END AS left_out
       {%- endif %}

FROM ({{ rows }}) r
JOIN ({{ ids }}) i ON COALESCE(r.customer_id, '') = i.text
JOIN dates d ON COALESCE(r.order_date, '') = d.text
{% for name in amounts %}
JOIN amounts_{{ name }} AS {{ name }} ON COALESCE(r.{{ name }}, '') = {{ name }}.text
{% endfor %}
