"""Groups of customers with a name: what they are expected to bring, and where they are in their life as customers."""

import duckdb
import pandas as pd

VALUE_GROUPS = ("high", "medium", "low")


def value_groups(cluster_rank: pd.Series) -> pd.Series:
    """Returns the value group of each customer: high is the first cluster, low the lower half of the clusters, medium what lies between.

    Args: cluster_rank: of each customer, 1 = the cluster with the highest median.   Returns: high, medium or low, the same index.

    >>> value_groups(pd.Series([1, 2, 3, 4, 5])).tolist(), value_groups(pd.Series([1, 2])).tolist()
    (['high', 'medium', 'medium', 'low', 'low'], ['high', 'low'])
    """
    lowest_medium = (int(cluster_rank.max()) + 1) // 2 if len(cluster_rank) else 0
    place = (cluster_rank > 1).astype(int) + ((cluster_rank > 1) & (cluster_rank > lowest_medium)).astype(int)
    return place.map(dict(enumerate(VALUE_GROUPS)))


def name(value_group: str, lifecycle_stage: str) -> str:
    """Returns the name of a segment.

    >>> name("high", "lagging")
    'high value, lagging'
    """
    return f"{value_group} value, {lifecycle_stage}"


def named(ranked: duckdb.DuckDBPyRelation, rankings: pd.DataFrame) -> duckdb.DuckDBPyRelation:
    """Returns the ranked customers with cluster_id, cluster_rank, value_group and segment.

    Args:
        ranked: of ranking.rank(), in its order.
        rankings: of clusters.rank_clusters(), in the order of cluster_id: the first cluster has the first customers.
    """
    ends = rankings["customers"].cumsum()
    groups = value_groups(rankings["cluster_rank"])

    def by_rank(values: pd.Series, name: str) -> str:
        cases = " ".join(f"WHEN clv_rank <= {end} THEN {value}" for end, value in zip(ends, values, strict=True))
        return f"CASE {cases} END AS {name}"

    clusters = [by_rank(rankings[column], column) for column in ("cluster_id", "cluster_rank")]
    clusters.append(by_rank(groups.map("'{}'".format), "value_group"))
    segment = "value_group || '" + name("", "") + "' || lifecycle_stage AS segment"
    return ranked.project(", ".join(["*", *clusters])).project(f"*, {segment}")


def exact_sum(name: str) -> str:
    """Returns the sum of a column that has 4 decimals, in SQL: the order of the rows, and who adds them up, changes nothing."""
    return f"CAST(SUM(CAST({name} AS DECIMAL(28,4))) AS DOUBLE)"


def summary(customers: duckdb.DuckDBPyRelation) -> pd.DataFrame:
    """Returns one row a segment that has customers; high value first, the one that brings most first within a value group.

    Args:
        customers: one row a customer; segment, value_group, lifecycle_stage, predicted_clv, expected_orders, p_buy, revenue_total.
    Returns:
        segment, value_group, lifecycle_stage, customers, share_of_customers (0 to 1), predicted_clv (their sum, in currency),
        share_of_predicted_clv (0 to 1), expected_orders (their sum), p_buy (their mean), revenue_total (what they brought so far).
    """
    sums = [f"{exact_sum(name)} AS {name}" for name in ("predicted_clv", "expected_orders")]
    means = [f"{exact_sum('p_buy')} / COUNT(*) AS p_buy", f"{exact_sum('revenue_total')} AS revenue_total"]
    keys = "segment, value_group, lifecycle_stage"
    table = customers.aggregate(", ".join([keys, "COUNT(*) AS customers", *sums, *means]), keys).df()
    whole = table["predicted_clv"].sum()
    table.insert(4, "share_of_customers", table["customers"] / max(table["customers"].sum(), 1))
    table.insert(6, "share_of_predicted_clv", table["predicted_clv"] / whole if whole else 0.0)
    order = table.assign(place=table["value_group"].map(VALUE_GROUPS.index)).sort_values(
        ["place", "predicted_clv", "segment"], ascending=[True, False, True]
    )
    return table.loc[order.index].reset_index(drop=True)
