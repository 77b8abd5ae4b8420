SELECT COUNT(*) AS "rows",
       COUNT(reason) AS rejected_rows,
       COUNT(*) FILTER (reason IS NULL AND revenue < 0) AS return_rows,
       COUNT(*) FILTER (reason IS NULL AND revenue = 0) AS zero_rows,
       COUNT(*) FILTER (reason IS NULL AND order_date >= CAST({{ "NULL" if as_of is none else as_of | literal }} AS DATE)) AS rows_after_as_of,
       COUNT(*) FILTER (reason IS NULL)
         - COUNT(DISTINCT HASH(customer_id, order_date_text{% for name in amounts %}, {{ name }}_text{% endfor %})) FILTER (reason IS NULL) AS duplicate_rows,
       COALESCE(CAST(MIN(order_date) FILTER (reason IS NULL) AS VARCHAR), '') AS first_day,
       COALESCE(CAST(MAX(order_date) FILTER (reason IS NULL) AS VARCHAR), '') AS last_day,
       CASE WHEN MIN(DAY(order_date)) FILTER (reason IS NULL) = MAX(DAY(order_date)) FILTER (reason IS NULL)
                 AND COUNT(DISTINCT order_date) FILTER (reason IS NULL) >= 3
            THEN MIN(DAY(order_date)) FILTER (reason IS NULL) END AS only_day_of_month,
       CAST(SUM(revenue) FILTER (reason IS NULL) AS DOUBLE) AS net_revenue,
       COALESCE(CAST(SUM(ABS(revenue)) FILTER (reason IS NULL) AS DOUBLE), 0) AS accepted_absolute_revenue,
       COALESCE(ROUND(SUM(estimate) FILTER (reason IS NOT NULL), 4), 0) AS rejected_absolute_revenue
FROM typed
