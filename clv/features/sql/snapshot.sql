-- Features of every customer with an order before the cutoff. Reads `history` (see features/table.py) and nothing dated on or
-- after the cutoff: age_days, the days of season time from a purchase to the cutoff, is above 0.
-- CASE and plain aggregates over exact numbers, and DOUBLE on both sides of every division: the same text runs on other engines, and
-- the order of rows changes nothing.
-- A month is a block of 30 days counted back from the cutoff: calendar months would make the share depend on the day of the month.
WITH seen AS (
  SELECT *
  FROM history
  WHERE order_day < {{ cutoff_day }}
),
-- What refunds left of each order. A day whose net amount is below 0 is a refund. It cancels the newest earlier order of exactly that
-- amount; failing that, it is taken off the newest orders, the next one when one is used up.
-- `pending` counts orders of one amount without their refunds; it falls below its value at an order when that order is refunded.
refund AS (
  SELECT DISTINCT customer_id, -paid AS amount
  FROM seen
  WHERE paid < 0
),
counted AS (
  SELECT seen.customer_id, seen.calendar_day, seen.paid, refund.amount,
         SUM(CASE WHEN seen.paid > 0 THEN 1 ELSE -1 END) OVER (PARTITION BY seen.customer_id, refund.amount ORDER BY seen.calendar_day
                                                               ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS pending
  FROM seen JOIN refund ON seen.customer_id = refund.customer_id AND ABS(seen.paid) = refund.amount
),
surrounded AS (
  SELECT *, MIN(pending) OVER (PARTITION BY customer_id, amount ORDER BY calendar_day
                               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS least_before,
            MIN(pending) OVER (PARTITION BY customer_id, amount ORDER BY calendar_day
                               ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS least_after
  FROM counted
),
matched AS (
  SELECT customer_id, calendar_day, paid,
         CASE WHEN paid > 0 THEN COALESCE(least_after, pending) < pending ELSE pending >= LEAST(0, COALESCE(least_before, 0)) END AS is_paired
  FROM surrounded
),
owing AS (
  SELECT DISTINCT customer_id
  FROM matched
  WHERE paid < 0 AND NOT is_paired
),
summed AS (
  SELECT seen.customer_id, seen.calendar_day, seen.paid,
         SUM(seen.paid) OVER (PARTITION BY seen.customer_id ORDER BY seen.calendar_day
                              ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS paid_until
  FROM seen JOIN owing ON seen.customer_id = owing.customer_id
       LEFT JOIN matched ON seen.customer_id = matched.customer_id AND seen.calendar_day = matched.calendar_day AND matched.is_paired
  WHERE matched.customer_id IS NULL
),
-- The amounts after an order sum to less than 0 on the day on which refunds have reached it.
reached AS (
  SELECT customer_id, calendar_day, paid,
         paid + LEAST(COALESCE(MIN(paid_until) OVER (PARTITION BY customer_id ORDER BY calendar_day
                                                     ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) - paid_until, 0), 0) AS remains
  FROM summed
),
refunded AS (
  SELECT customer_id, calendar_day, CAST(0 AS DECIMAL(28,4)) AS remains
  FROM matched
  WHERE is_paired AND paid > 0
  UNION ALL
  SELECT customer_id, calendar_day, CAST(GREATEST(remains, 0) AS DECIMAL(28,4)) AS remains
  FROM reached
  WHERE paid > 0 AND remains < paid
),
valued AS (
  SELECT seen.*, seen.paid * seen.worth AS revenue, seen.placed * seen.worth AS positive_revenue,
         COALESCE(refunded.remains, CASE WHEN seen.paid > 0 THEN seen.paid ELSE 0 END) AS kept,
         {{ cutoff_day }} - seen.order_day AS age_days,
         seen.order_day - seen.previous_order_day AS gap_days,
         CASE WHEN seen.orders = 1 AND COALESCE(seen.next_order_day, {{ cutoff_day }}) >= {{ cutoff_day }} THEN 1 ELSE 0 END AS is_last_order,
         CEIL(CAST({{ cutoff_day }} - seen.order_day AS DOUBLE) / 30) AS order_block,
         CEIL(CAST({{ cutoff_day }} - seen.previous_order_day AS DOUBLE) / 30) AS previous_order_block
  FROM seen LEFT JOIN refunded ON seen.customer_id = refunded.customer_id AND seen.calendar_day = refunded.calendar_day
),
placed AS (
  SELECT customer_id,
    MIN(CASE WHEN orders = 1 THEN age_days END) AS placed_recency_days,
    MAX(CASE WHEN orders = 1 THEN age_days END) AS tenure_days,
    SUM(orders) AS placed_orders,
    SUM(revenue) AS revenue_total,
    SUM(positive_revenue) AS positive_total,
    SUM(CASE WHEN orders = 1 AND paid > 0 THEN revenue ELSE 0 END) AS order_value_total,
    SUM(CASE WHEN kept > 0 THEN 1 ELSE 0 END) AS kept_orders,
    MIN(CASE WHEN kept > 0 THEN age_days END) AS kept_recency_days,
    SUM(kept * worth) AS kept_revenue,
    MIN(CASE WHEN orders = 1 THEN {{ calendar_day }} - calendar_day END) AS calendar_recency_days,
    MAX(CASE WHEN orders = 1 THEN {{ calendar_day }} - calendar_day END) AS calendar_tenure_days,
    SUM(paid) AS calendar_revenue_total,
    {% for days in windows_days %}
    SUM(CASE WHEN age_days <= {{ days }} THEN positive_revenue ELSE 0 END) AS revenue_{{ days }}d,
    SUM(CASE WHEN age_days <= {{ days }} THEN orders ELSE 0 END) AS orders_{{ days }}d,
    {% endfor %}
    {% for days in half_lives_days %}
    {% set weight = "POWER(CAST(0.5 AS DOUBLE), CAST(age_days AS DOUBLE) / " ~ days ~ ")" %}
    SUM(CAST(placed AS DECIMAL(26,4)) * CAST(ROUND({{ weight }} * CAST(worth AS DOUBLE), 9) AS DECIMAL(11,9))) AS revenue_decayed_{{ days }}d,
    SUM(orders * CAST(ROUND({{ weight }}, 9) AS DECIMAL(10,9))) AS orders_decayed_{{ days }}d,
    {% endfor %}
    {% if same_window_last_year %}
    SUM(CASE WHEN age_days <= 365 AND age_days > 365 - {{ horizon_season_days }} THEN positive_revenue ELSE 0 END) AS revenue_same_window_last_year,
    {% endif %}
    MAX(CASE WHEN is_last_order = 1 THEN positive_revenue END) AS last_order_value,
    MAX(CASE WHEN orders = 1 AND previous_order_day IS NULL THEN positive_revenue END) AS first_order_value,
    MAX(positive_revenue) AS largest_order_value,
    CAST(COUNT(gap_days) AS DECIMAL(7,0)) AS gaps,
    CAST(SUM(gap_days) AS DECIMAL(12,3)) AS gap_sum,
    CAST(SUM(gap_days * gap_days) AS DECIMAL(19,6)) AS gap_squares,
    MEDIAN(CAST(gap_days AS DOUBLE)) AS gap_median_days,
    MAX(gap_days) AS gap_max_days,
    MAX(CASE WHEN is_last_order = 1 THEN gap_days END) AS gap_last_days,
    SUM(CASE WHEN orders = 1 AND COALESCE(previous_order_block <> order_block, TRUE) THEN 1 ELSE 0 END) AS active_months,
    MAX(CASE WHEN orders = 1 THEN order_block END) AS tenure_months
  FROM valued
  GROUP BY customer_id
),
-- A customer whose orders were all cancelled is known since the first of them, and has kept nothing.
customer AS (
  SELECT *, GREATEST(kept_orders - 1, 0) AS frequency, COALESCE(kept_recency_days, tenure_days) AS recency_days
  FROM placed
  WHERE placed_orders >= 1
),
rhythm AS (
  SELECT *, CAST(recency_days AS DOUBLE)
            / CASE WHEN COALESCE(gap_median_days, {{ lifecycle.default_gap_days }}) > {{ lifecycle.min_gap_days }}
                   THEN COALESCE(gap_median_days, {{ lifecycle.default_gap_days }})
                   ELSE {{ lifecycle.min_gap_days }} END AS gaps_missed
  FROM customer
)
SELECT customer_id,
  CASE WHEN kept_orders <= 1 AND tenure_days <= {{ lifecycle.new_days }} THEN 'new'
       WHEN recency_days > {{ lifecycle.lost_days }} THEN 'lost'
       WHEN gaps_missed <= {{ lifecycle.active_gaps }} THEN 'active'
       WHEN gaps_missed <= {{ lifecycle.lagging_gaps }} THEN 'lagging'
       WHEN gaps_missed <= {{ lifecycle.dormant_gaps }} THEN 'dormant'
       ELSE 'lost' END AS lifecycle_stage,
  {% for name, expression in numbers.items() %}
  CAST({{ expression }} AS FLOAT) AS {{ name }}{{ "" if loop.last else "," }}
  {% endfor %}
FROM rhythm
