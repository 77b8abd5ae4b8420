"""Clusters of predicted CLV alone, and their rank by median."""

import kmeans1d
import numpy as np
import pandas as pd

_SCALES = {"log1p": np.log1p, "linear": np.positive}


def assign(predicted_clv: pd.Series, k: int, scale: str) -> pd.Series:
    """Returns the cluster of each prediction, by exact 1-D k-means: the least squared distance to the cluster means.

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
    found = min(k, len(np.unique(values)))
    upwards = kmeans1d.cluster(values, found).clusters if len(values) else []
    return pd.Series(found - np.asarray(upwards, dtype="int64"), index=predicted_clv.index, name="cluster_id")


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
