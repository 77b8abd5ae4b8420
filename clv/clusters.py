"""Clusters of predicted CLV alone, and their rank by median."""

import kmeans1d
import numpy as np
import pandas as pd

_EXACT = 200_000  # values for which the exact answer costs half a second
_SCALES = {"log1p": np.log1p, "linear": np.positive}


def assign(predicted_clv: pd.Series, k: int, scale: str) -> pd.Series:
    """Returns the cluster of each prediction, by 1-D k-means: the least squared distance to the cluster means, exact up to
    200,000 customers.

    Args:
        predicted_clv: of each customer, in currency.
        k: clusters at most; fewer where there are fewer distinct values.
        scale: log1p (distances are ratios; values below 0 count as 0) or linear.
    Returns:
        cluster_id of each row: 1 for the highest predictions, downwards; equal values share a cluster.
    Raises:
        ValueError: a prediction is missing.
    Source:
        Wu (1991), Optimal quantization by matrix searching, doi:10.1016/0196-6774(91)90039-2.

    >>> assign(pd.Series([50.0, 1.0, 2.0, 49.0]), k=2, scale="log1p").tolist()
    [1, 2, 2, 1]
    """
    if predicted_clv.isna().any():
        raise ValueError(
            f"{predicted_clv.isna().sum()} of {len(predicted_clv)} predictions are missing.\nHint: score again."
        )
    values = _SCALES[scale](predicted_clv.clip(lower=0) if scale == "log1p" else predicted_clv).to_numpy("float64")
    distinct = np.unique(values)
    found = min(k, len(distinct))
    ordered = np.sort(values)
    starts = _starts(ordered, found) if found else np.array([])
    upwards = np.searchsorted(starts, values, side="right")
    return pd.Series(found + 1 - upwards, index=predicted_clv.index, name="cluster_id")


def _starts(ordered: np.ndarray, k: int) -> np.ndarray:
    """The lowest value of each cluster.

    Above _EXACT values the exact answer is found for every n-th of them, and moved until each of all values lies at the nearest mean.
    """
    step = -(-len(ordered) // _EXACT)
    some = ordered[::step]
    upwards = np.asarray(kmeans1d.cluster(some, k).clusters)
    begins = np.searchsorted(ordered, some[np.searchsorted(upwards, np.arange(k))])
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    while step > 1:
        ends = np.append(begins[1:], len(ordered))
        means = (sums[ends] - sums[begins]) / (ends - begins)
        nearer = np.append(0, np.searchsorted(ordered, (means[1:] + means[:-1]) / 2))
        if (nearer == begins).all():
            break
        begins = nearer
    return ordered[begins]


def rank_clusters(clustered: pd.DataFrame) -> pd.DataFrame:
    """Returns one row per cluster, highest median first.

    Args:
        clustered: one row a customer; cluster_id, predicted_clv (in currency).
    Returns:
        cluster_id, cluster_rank (1 = highest median predicted CLV), customers, median_clv, mean_clv, min_clv, max_clv, total_clv
        (currency), share_of_total (0 to 1; 0 where the total is 0).
    """
    groups = clustered.groupby("cluster_id")["predicted_clv"]
    table = groups.agg(
        customers="size", median_clv="median", mean_clv="mean", min_clv="min", max_clv="max", total_clv="sum"
    )
    table = table.reset_index().sort_values(["median_clv", "cluster_id"], ascending=[False, True], ignore_index=True)
    table.insert(1, "cluster_rank", np.arange(len(table)) + 1)
    total = table["total_clv"].sum()
    table["share_of_total"] = table["total_clv"] / total if total else 0.0
    return table.round(
        dict.fromkeys(("median_clv", "mean_clv", "min_clv", "max_clv", "total_clv"), 4) | {"share_of_total": 6}
    )
