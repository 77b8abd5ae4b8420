-- Features of every customer with an order before the cutoff. Reads `history` (see features/table.py) and nothing dated on or
-- after the cutoff: age_days, the days of season time from a purchase to the cutoff, is above 0.
-- CASE and plain aggregates over exact numbers only: the same text runs on Spark, and the order of rows changes nothing.
-- A month is a block of 30 days counted back from the cutoff: calendar months would make the share depend on the day of the month.
WITH before_cutoff AS (
  SELECT *, {{ cutoff_day }} - order_day AS age_days, CEIL(({{ cutoff_day }} - order_day) / 30.0) - 1 AS order_block,
         CASE WHEN next_order_day < {{ cutoff_day }} THEN CEIL(({{ cutoff_day }} - next_order_day) / 30.0) - 1 END AS next_order_block
  FROM history
  WHERE order_day < {{ cutoff_day }}
),
seen AS (
  SELECT *, CASE WHEN orders = 1 AND next_order_block IS NULL THEN 1 ELSE 0 END AS is_last_order,
            CASE WHEN orders = 1 AND (next_order_block IS NULL OR next_order_block <> order_block) THEN 1 ELSE 0 END AS is_last_of_month
  FROM before_cutoff
),
-- What refunds left of each order of the customers who had one by then. A day whose net amount is below 0 is a refund. It cancels
-- the newest earlier order of exactly that amount; failing that, it is taken off the newest orders, the next one when one is used up.
-- `pending` counts orders of one amount without their refunds; it falls below its value at an order when that order is refunded.
counted AS (
  SELECT customer_id, order_day, age_days, paid, worth,
         SUM(SIGN(paid)) OVER (PARTITION BY customer_id, ABS(paid) ORDER BY order_day) AS pending
  FROM seen
  WHERE first_refund_day < {{ cutoff_day }}
),
paired AS (
  SELECT *,
    CASE WHEN paid > 0 THEN COALESCE(MIN(pending) OVER later < pending, FALSE)
         ELSE pending >= LEAST(0, COALESCE(MIN(pending) OVER earlier, 0)) END AS is_paired
  FROM counted
  WINDOW later AS (PARTITION BY customer_id, ABS(paid) ORDER BY order_day ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING),
         earlier AS (PARTITION BY customer_id, ABS(paid) ORDER BY order_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
summed AS (
  SELECT *, SUM(CASE WHEN is_paired THEN 0 ELSE paid END) OVER (PARTITION BY customer_id ORDER BY order_day) AS paid_until
  FROM paired
),
-- The amounts after an order sum to less than 0 on the day on which refunds have reached it.
reached AS (
  SELECT *, LEAST(COALESCE(MIN(paid_until) OVER (PARTITION BY customer_id ORDER BY order_day
                           ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) - paid_until, 0), 0) AS taken
  FROM summed
),
kept AS (
  SELECT customer_id,
    SUM(CASE WHEN NOT is_paired AND paid + taken > 0 THEN 1 ELSE 0 END) AS kept_orders,
    MIN(CASE WHEN NOT is_paired AND paid + taken > 0 THEN age_days END) AS kept_recency_days,
    SUM(CASE WHEN NOT is_paired THEN CAST(GREATEST(paid + taken, 0) * worth AS DECIMAL(28,4)) ELSE 0 END) AS kept_revenue
  FROM reached
  WHERE paid > 0
  GROUP BY customer_id
),
placed AS (
  SELECT customer_id,
    MIN(CASE WHEN orders = 1 THEN age_days END) AS placed_recency_days,
    MAX(CASE WHEN orders = 1 THEN age_days END) AS tenure_days,
    SUM(orders) AS placed_orders,
    SUM(revenue) AS revenue_total,
    SUM(positive_revenue) AS positive_total,
    SUM(order_value) AS order_value_total,
    MIN(CASE WHEN orders = 1 THEN {{ calendar_day }} - calendar_day END) AS calendar_recency_days,
    MAX(CASE WHEN orders = 1 THEN {{ calendar_day }} - calendar_day END) AS calendar_tenure_days,
    SUM(paid) AS calendar_revenue_total,
    {% for days in windows_days %}
    SUM(CASE WHEN age_days <= {{ days }} THEN positive_revenue ELSE 0 END) AS revenue_{{ days }}d,
    SUM(CASE WHEN age_days <= {{ days }} THEN orders ELSE 0 END) AS orders_{{ days }}d,
    {% endfor %}
    {% for days in half_lives_days %}
    SUM(CAST(positive_revenue AS DECIMAL(28,4)) * CAST(ROUND(POWER(0.5, age_days / {{ days }}.0), 9) AS DECIMAL(10,9))) AS revenue_decayed_{{ days }}d,
    SUM(orders * CAST(ROUND(POWER(0.5, age_days / {{ days }}.0), 9) AS DECIMAL(10,9))) AS orders_decayed_{{ days }}d,
    {% endfor %}
    {% if same_window_last_year %}
    SUM(CASE WHEN age_days <= 365 AND age_days > 365 - {{ horizon_season_days }} THEN positive_revenue ELSE 0 END) AS revenue_same_window_last_year,
    {% endif %}
    MAX(CASE WHEN is_last_order = 1 THEN positive_revenue END) AS last_order_value,
    MAX(CASE WHEN orders = 1 AND previous_order_day IS NULL THEN positive_revenue END) AS first_order_value,
    MAX(positive_revenue) AS largest_order_value,
    COUNT(gap_days) AS gaps, SUM(gap_days) AS gap_sum, SUM(gap_days * gap_days) AS gap_squares,
    MEDIAN(gap_days) AS gap_median_days,
    MAX(gap_days) AS gap_max_days,
    MAX(CASE WHEN is_last_order = 1 THEN gap_days END) AS gap_last_days,
    SUM(is_last_of_month) AS active_months,
    MAX(CASE WHEN orders = 1 THEN order_block END) + 1 AS tenure_months
  FROM seen
  GROUP BY customer_id
),
-- A customer whose orders were all cancelled is known since the first of them, and has kept nothing.
customer AS (
  SELECT placed.*,
    COALESCE(kept.kept_revenue, CASE WHEN placed.revenue_total < placed.positive_total THEN 0 ELSE placed.revenue_total END) AS kept_revenue,
    CASE WHEN placed.revenue_total < placed.positive_total THEN COALESCE(kept.kept_orders, 0) ELSE placed.placed_orders END AS orders,
    CASE WHEN placed.revenue_total < placed.positive_total THEN COALESCE(kept.kept_recency_days, placed.tenure_days)
         ELSE placed.placed_recency_days END AS recency_days
  FROM placed LEFT JOIN kept ON placed.customer_id = kept.customer_id
  WHERE placed.placed_orders >= 1
),
rhythm AS (
  SELECT *, GREATEST(orders - 1, 0) AS frequency,
         recency_days / CASE WHEN COALESCE(gap_median_days, {{ lifecycle.default_gap_days }}) > {{ lifecycle.min_gap_days }}
                             THEN COALESCE(gap_median_days, {{ lifecycle.default_gap_days }})
                             ELSE {{ lifecycle.min_gap_days }} END AS gaps_missed
  FROM customer
)
SELECT customer_id,
  CASE WHEN orders <= 1 AND tenure_days <= {{ lifecycle.new_days }} THEN 'new'
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
