-- Features of every customer with an order before the cutoff. Reads `history` (see features/table.py) and nothing dated on or
-- after the cutoff: age_days, the days from a purchase to the cutoff, is at least 1.
-- CASE and plain aggregates over exact numbers only: the same text runs on Spark, and the order of rows changes nothing.
-- A month is a block of 30 days counted back from the cutoff: calendar months would make the share depend on the day of the month.
WITH before_cutoff AS (
  SELECT *, {{ cutoff_day }} - order_day AS age_days, FLOOR(({{ cutoff_day }} - 1 - order_day) / 30.0) AS order_block,
         CASE WHEN next_order_day < {{ cutoff_day }} THEN FLOOR(({{ cutoff_day }} - 1 - next_order_day) / 30.0) END AS next_order_block
  FROM history
  WHERE order_day < {{ cutoff_day }}
),
seen AS (
  SELECT *, CASE WHEN orders = 1 AND next_order_block IS NULL THEN 1 ELSE 0 END AS is_last_order,
            CASE WHEN orders = 1 AND (next_order_block IS NULL OR next_order_block <> order_block) THEN 1 ELSE 0 END AS is_last_of_month
  FROM before_cutoff
),
customer AS (
  SELECT customer_id,
    MIN(CASE WHEN orders = 1 THEN age_days END) AS recency_days,
    MAX(CASE WHEN orders = 1 THEN age_days END) AS tenure_days,
    SUM(orders) AS orders,
    SUM(revenue) AS revenue_total,
    SUM(positive_revenue) AS positive_total,
    SUM(order_value) AS order_value_total,
    {% for days in windows_days %}
    SUM(CASE WHEN age_days <= {{ days }} THEN revenue ELSE 0 END) AS revenue_{{ days }}d,
    SUM(CASE WHEN age_days <= {{ days }} THEN orders ELSE 0 END) AS orders_{{ days }}d,
    {% endfor %}
    {% for days in half_lives_days %}
    SUM(CAST(revenue AS DECIMAL(28,4)) * CAST(ROUND(POWER(0.5, age_days / {{ days }}.0), 9) AS DECIMAL(10,9))) AS revenue_decayed_{{ days }}d,
    SUM(orders * CAST(ROUND(POWER(0.5, age_days / {{ days }}.0), 9) AS DECIMAL(10,9))) AS orders_decayed_{{ days }}d,
    {% endfor %}
    {% if same_window_last_year %}
    SUM(CASE WHEN age_days <= 365 AND age_days > 365 - {{ horizon_days }} THEN revenue ELSE 0 END) AS revenue_same_window_last_year,
    {% endif %}
    MAX(CASE WHEN is_last_order = 1 THEN order_value END) AS last_order_value,
    MAX(CASE WHEN orders = 1 AND previous_order_day IS NULL THEN order_value END) AS first_order_value,
    MAX(order_value) AS largest_order_value,
    COUNT(gap_days) AS gaps, SUM(gap_days) AS gap_sum, SUM(gap_days * gap_days) AS gap_squares,
    MEDIAN(gap_days) AS gap_median_days,
    MAX(gap_days) AS gap_max_days,
    MAX(CASE WHEN is_last_order = 1 THEN gap_days END) AS gap_last_days,
    SUM(is_last_of_month) AS active_months,
    MAX(CASE WHEN orders = 1 THEN order_block END) + 1 AS tenure_months
  FROM seen
  GROUP BY customer_id
),
rhythm AS (
  SELECT *, orders - 1 AS frequency,
         recency_days / CASE WHEN COALESCE(gap_median_days, {{ lifecycle.default_gap_days }}) > {{ lifecycle.min_gap_days }}
                             THEN COALESCE(gap_median_days, {{ lifecycle.default_gap_days }})
                             ELSE {{ lifecycle.min_gap_days }} END AS gaps_missed
  FROM customer
  WHERE orders >= 1
)
SELECT customer_id,
  CASE WHEN orders = 1 AND tenure_days <= {{ lifecycle.new_days }} THEN 'new'
       WHEN recency_days > {{ lifecycle.lost_days }} THEN 'lost'
       WHEN gaps_missed <= {{ lifecycle.active_gaps }} THEN 'active'
       WHEN gaps_missed <= {{ lifecycle.lagging_gaps }} THEN 'lagging'
       WHEN gaps_missed <= {{ lifecycle.dormant_gaps }} THEN 'dormant'
       ELSE 'lost' END AS lifecycle_stage,
  {% for name, expression in numbers.items() %}
  CAST({{ expression }} AS FLOAT) AS {{ name }}{{ "" if loop.last else "," }}
  {% endfor %}
FROM rhythm
ORDER BY customer_id
