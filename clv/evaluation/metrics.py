"""How good predictions are, out of time, each figure with its bootstrap interval."""

import numpy as np
import pandas as pd

MOST = 50_000  # customers in a resample
METRICS = ("rmse", "mae", "r2", "spearman", "normalized_gini", "top_decile_share", "bias")


def evaluate(actual: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """The figures of METRICS for n customers; NaN where one is undefined (no revenue at all, all predictions equal).

    rmse, mae: in currency.   r2: 1 - squared error over the variance of the actual.   spearman: correlation of mid-ranks.
    normalized_gini: Gini of the actual revenue in the prediction's order over that in the perfect order.
    top_decile_share: share of all revenue that the 10 % with the highest predictions brought; ties share alike.
    bias: sum predicted / sum actual, 1 is unbiased.

    Raises: ValueError: a value is missing or infinite.
    Source: Gini by covariance with ranks: Lerman and Yitzhaki (1984), doi:10.1016/0165-1765(84)90126-5.
    """
    return weighted(*prepared(actual, predicted), np.ones(len(actual)))


def bootstrap(actual: np.ndarray, predicted: np.ndarray, replicates: int, confidence: float, seed: int) -> pd.DataFrame:
    """Figures with percentile intervals from resampled customers: intervals() of resampled()."""
    return intervals(resampled(actual, predicted, replicates, seed), confidence)


def resampled(actual: np.ndarray, predicted: np.ndarray, replicates: int, seed: int) -> pd.DataFrame:
    """Figures on all customers in row 0, then on each resample. The same seed draws the same customers, so that the difference
    of two such tables is a paired comparison. Of more than MOST customers, MOST are resampled, and the spread is scaled down.

    Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
    """
    chance, n = np.random.default_rng(seed), min(len(actual), MOST)
    chosen = chance.choice(len(actual), n, replace=False) if n < len(actual) else slice(None)
    ready = prepared(np.asarray(actual)[chosen], np.asarray(predicted)[chosen])
    draws = (np.bincount(chance.integers(0, n, n), minlength=n).astype(float) for _ in range(replicates))
    whole = pd.DataFrame([evaluate(actual, predicted)], columns=METRICS)
    drawn = pd.DataFrame([weighted(*ready, draw) for draw in draws], columns=METRICS)
    if n < len(actual):
        drawn = whole.loc[0] + (drawn - pd.Series(weighted(*ready, np.ones(n)))) * np.sqrt(n / len(actual))
    return pd.concat([whole, drawn], ignore_index=True)


def intervals(found: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Percentile intervals; none (NaN) where the figure of any resample is no number. found: of resampled(), or the difference of two.

    Returns: index METRICS; value, low, high, standard_error.
    """
    draws, tail = found.iloc[1:], (1 - confidence) / 2
    spread = {"low": draws.quantile(tail), "high": draws.quantile(1 - tail), "standard_error": draws.std(ddof=1)}
    known = np.isfinite(draws).all()
    return pd.DataFrame({"value": found.iloc[0]} | {name: ends.where(known) for name, ends in spread.items()})


def deciles(actual: np.ndarray, predicted: np.ndarray) -> pd.DataFrame:
    """Mean predicted and actual by tenth of the customers, 1 = highest predictions; fewer rows for fewer than ten customers.

    Returns: decile, customers, predicted, actual (means in currency), actual_error (standard error of the mean).
    """
    order = np.argsort(-np.asarray(predicted), kind="stable")
    group = np.arange(len(order)) * 10 // max(len(order), 1) + 1
    table = pd.DataFrame(
        {"decile": group, "predicted": np.asarray(predicted)[order], "actual": np.asarray(actual)[order]}
    )
    return (
        table.groupby("decile")
        .agg(
            customers=("actual", "size"),
            predicted=("predicted", "mean"),
            actual=("actual", "mean"),
            actual_error=("actual", "sem"),
        )
        .reset_index()
    )


def by_group(actual: np.ndarray, predicted: dict[str, np.ndarray], group: pd.Series) -> pd.DataFrame:
    """Errors within groups of customers, each recipe on the same ones.

    Args:    predicted: recipe -> a value a row.   group: of each row; groups come in the order of their first letter.
    Returns: group, recipe, customers, mean_actual, mean_predicted, rmse, mae.
    """
    rows = []
    for name in sorted(set(group)):
        chosen = (group == name).to_numpy()
        for recipe, values in predicted.items():
            error, size = values[chosen] - actual[chosen], {"customers": int(chosen.sum())}
            means = {"mean_actual": actual[chosen].mean(), "mean_predicted": values[chosen].mean()}
            errors = {"rmse": np.sqrt((error**2).mean()), "mae": np.abs(error).mean()}
            rows.append({"group": name, "recipe": recipe} | size | means | errors)
    return pd.DataFrame(rows)


def coverage(actual: np.ndarray, predicted: pd.DataFrame, stage: pd.Series) -> pd.DataFrame:
    """Share of customers whose actual revenue lay within their interval: of all, of those who bought again, of the tenth with the
    highest predictions, and by stage.

    Args:    predicted: predicted_clv, predicted_clv_low, predicted_clv_high.   stage: lifecycle_stage of each row.
    Returns: group, customers, coverage, brought_nothing (share; no interval from 0 upwards can hold less), mean_width (currency).
    """
    low, high, value = (predicted[f"predicted_clv{end}"].to_numpy() for end in ("_low", "_high", ""))
    brought = np.maximum(np.asarray(actual, float), 0)  # an interval is about revenue; a net return counts as nothing
    within = (low <= brought) & (brought <= high)
    groups = {
        "all": np.full(len(brought), True),
        "bought again": brought > 0,
        "top decile": value >= np.quantile(value, 0.9),
    }
    groups |= {name: (stage == name).to_numpy() for name in sorted(set(stage))}
    return pd.DataFrame(
        [
            {
                "group": name,
                "customers": int(chosen.sum()),
                "coverage": within[chosen].mean(),
                "brought_nothing": (brought[chosen] <= 0).mean(),
                "mean_width": (high - low)[chosen].mean(),
            }
            for name, chosen in groups.items()
            if chosen.any()
        ]
    )


def gain_curve(actual: np.ndarray, predicted: np.ndarray, points: int = 100) -> pd.DataFrame:
    """Share of revenue brought by the share of customers with the highest predictions; missing where there is no revenue."""
    revenue = np.concatenate(
        [[0.0], np.cumsum(np.asarray(actual, float)[np.argsort(-np.asarray(predicted), kind="stable")])]
    )
    at = np.linspace(0, len(revenue) - 1, points + 1).astype(int)
    return pd.DataFrame(
        {"customers": at / (len(revenue) - 1), "revenue": revenue[at] / (revenue[-1] if revenue[-1] > 0 else np.nan)}
    )


def prepared(actual: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Both as float64, each with the group number of its values in ascending order (equal values, one group)."""
    actual, predicted = np.asarray(actual, float), np.asarray(predicted, float)
    for name, values in (("actual", actual), ("predicted", predicted)):
        if not np.isfinite(values).all():
            raise ValueError(f"{(~np.isfinite(values)).sum()} of {len(values)} {name} values are missing or infinite.")
    return actual, predicted, np.unique(actual, return_inverse=True)[1], np.unique(predicted, return_inverse=True)[1]


def weighted(actual, predicted, actual_group, predicted_group, weight) -> dict[str, float]:
    """The figures where customer i counts weight[i] times: the same as repeating its row."""
    error, total = predicted - actual, weight.sum()
    squared, revenue = (weight * error**2).sum(), (weight * actual).sum()
    by_actual, by_predicted = mid_ranks(actual_group, weight), mid_ranks(predicted_group, weight)
    actual_varies, predicted_varies = np.ptp(by_actual[weight > 0]) > 0, np.ptp(by_predicted[weight > 0]) > 0
    nothing = np.nan
    return {
        "rmse": np.sqrt(squared / total),
        "mae": (weight * np.abs(error)).sum() / total,
        "r2": 1 - squared / total / covariance(actual, actual, weight) if actual_varies else nothing,
        "spearman": covariance(by_actual, by_predicted, weight)
        / np.sqrt(covariance(by_actual, by_actual, weight) * covariance(by_predicted, by_predicted, weight))
        if actual_varies and predicted_varies
        else nothing,
        "normalized_gini": covariance(actual, by_predicted, weight) / covariance(actual, by_actual, weight)
        if actual_varies
        else nothing,
        "top_decile_share": top_share(actual, predicted_group, weight, 0.1) / revenue if revenue > 0 else nothing,
        "bias": (weight * predicted).sum() / revenue if revenue > 0 else nothing,
    }


def mid_ranks(group: np.ndarray, weight: np.ndarray) -> np.ndarray:
    mass = np.bincount(group, weight)
    return (np.cumsum(mass) - mass / 2)[group]


def covariance(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> float:
    share = weight / weight.sum()
    return float((share * (x - (share * x).sum()) * (y - (share * y).sum())).sum())


def top_share(actual: np.ndarray, group: np.ndarray, weight: np.ndarray, share: float) -> float:
    """Revenue of the customers in the top share of predictions; a group on the border counts in part."""
    mass, revenue = np.bincount(group, weight)[::-1], np.bincount(group, weight * actual)[::-1]
    room = np.clip(share * weight.sum() - (np.cumsum(mass) - mass), 0, mass)
    return float((revenue * np.divide(room, mass, out=np.zeros_like(mass), where=mass > 0)).sum())
