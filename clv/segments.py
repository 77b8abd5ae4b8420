"""Groups of customers with a name: what they are expected to bring, and where they are in their life as customers."""

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


def segments(clustered: pd.DataFrame) -> pd.DataFrame:
    """Returns value_group and segment of each customer, the index of the table.

    Args: clustered: one row a customer; cluster_rank, lifecycle_stage.
    """
    groups = value_groups(clustered["cluster_rank"])
    pairs = zip(groups, clustered["lifecycle_stage"], strict=True)
    return pd.DataFrame({"value_group": groups, "segment": [name(*pair) for pair in pairs]}, index=clustered.index)


def summary(customers: pd.DataFrame) -> pd.DataFrame:
    """Returns one row a segment that has customers; high value first, the one that brings most first within a value group.

    Args:
        customers: one row a customer; segment, value_group, lifecycle_stage, predicted_clv, expected_orders, p_buy, revenue_total.
    Returns:
        segment, value_group, lifecycle_stage, customers, share_of_customers (0 to 1), predicted_clv (their sum, in currency),
        share_of_predicted_clv (0 to 1), expected_orders (their sum), p_buy (their mean), revenue_total (what they brought so far).
    """
    groups = customers.groupby(["segment", "value_group", "lifecycle_stage"], observed=True)
    table = groups.agg(
        customers=("predicted_clv", "size"),
        predicted_clv=("predicted_clv", "sum"),
        expected_orders=("expected_orders", "sum"),
        p_buy=("p_buy", "mean"),
        revenue_total=("revenue_total", "sum"),
    ).reset_index()
    whole = table["predicted_clv"].sum()
    table.insert(4, "share_of_customers", table["customers"] / max(len(customers), 1))
    table.insert(6, "share_of_predicted_clv", table["predicted_clv"] / whole if whole else 0.0)
    order = table.assign(place=table["value_group"].map(VALUE_GROUPS.index)).sort_values(
        ["place", "predicted_clv", "segment"], ascending=[True, False, True]
    )
    return table.loc[order.index].reset_index(drop=True)
