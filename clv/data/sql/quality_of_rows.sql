SELECT CAST(SUM("rows") AS BIGINT) AS "rows",
       CAST(COALESCE(SUM("rows") FILTER (NOT accepted), 0) AS BIGINT) AS rejected_rows,
       CAST(COALESCE(SUM(returns) FILTER (accepted), 0) AS BIGINT) AS return_rows,
       CAST(COALESCE(SUM(zeros) FILTER (accepted), 0) AS BIGINT) AS zero_rows,
       CAST(COALESCE(SUM("rows") FILTER (accepted AND order_date >= CAST({{ "NULL" if as_of is none else as_of | literal }} AS DATE)), 0) AS BIGINT)
         AS rows_after_as_of,
       (SELECT CAST(SUM(duplicate_rows) AS BIGINT) FROM counted_customers) AS duplicate_rows,
       COALESCE(CAST(MIN(order_date) FILTER (accepted) AS VARCHAR), '') AS first_day,
       COALESCE(CAST(MAX(order_date) FILTER (accepted) AS VARCHAR), '') AS last_day,
       CASE WHEN MIN(DAY(order_date)) FILTER (accepted) = MAX(DAY(order_date)) FILTER (accepted)
                 AND COUNT(DISTINCT order_date) FILTER (accepted) >= 3
            THEN MIN(DAY(order_date)) FILTER (accepted) END AS only_day_of_month,
       CAST(SUM(revenue) FILTER (accepted) AS DOUBLE) AS net_revenue,
       COALESCE(CAST(SUM(absolute) FILTER (accepted) AS DOUBLE), 0) AS accepted_absolute_revenue,
       COALESCE(ROUND(SUM(estimate) FILTER (NOT accepted), 4), 0) AS rejected_absolute_revenue
FROM counted_days
