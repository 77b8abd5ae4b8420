"""How good predictions are, out of time, each figure with its bootstrap interval."""

import numpy as np
import pandas as pd

MOST = 50_000  # customers in a resample
METRICS = ("rmse", "mae", "r2", "spearman", "normalized_gini", "top_decile_share", "bias")


def evaluate(actual: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Returns the figures of METRICS.

    Args:
        actual: net revenue of n customers, in currency.
        predicted: predictions of the same customers, in currency.
    Returns:
        NaN where a figure is undefined (no revenue at all, all predictions equal).
        rmse, mae: in currency; 0 is perfect.
        r2: 1 - squared error over the variance of the actual: 1 is perfect, 0 as good as the mean, below 0 worse than it.
        spearman: correlation of mid-ranks: 1 is the perfect order, 0 a random one, -1 the reverse.
        normalized_gini: Gini of the actual revenue in the prediction's order over that in the perfect order: 1 is the perfect order,
            0 a random one, -1 the reverse. Large customers weigh more than in spearman.
        top_decile_share: share of all revenue that the 10 % with the highest predictions brought; ties share alike. A random order
            has 0.1; what the perfect order reaches depends on the customers, and is at most 1 without net returns.
        bias: sum of the predictions over the sum of the actual: 1 is unbiased, 1.2 promises 20 % too much, 0.8 20 % too little.
    Raises:
        ValueError: a value is missing or infinite.
    Source:
        Gini by covariance with ranks: Lerman and Yitzhaki (1984), doi:10.1016/0165-1765(84)90126-5.

    >>> actual = np.array([0.0, 0.0, 10.0, 30.0])
    >>> perfect, reverse, equal = (evaluate(actual, predicted) for predicted in (actual, -actual, np.ones(4)))
    >>> [f"{figures['normalized_gini']:.1f}" for figures in (perfect, equal, reverse)]
    ['1.0', '0.0', '-1.0']
    >>> print(f"{equal['top_decile_share']:.1f}, {perfect['bias']:.1f}, {evaluate(actual, 1.2 * actual)['bias']:.1f}")
    0.1, 1.0, 1.2
    """
    return weighted(*prepared(actual, predicted), np.ones(len(actual)))


def bootstrap(actual: np.ndarray, predicted: np.ndarray, replicates: int, confidence: float, seed: int) -> pd.DataFrame:
    """Returns the figures with percentile intervals from resampled customers: intervals() of resampled()."""
    return intervals(resampled(actual, predicted, replicates, seed), confidence)


def resampled(actual: np.ndarray, predicted: np.ndarray, replicates: int, seed: int) -> pd.DataFrame:
    """Returns the figures on all customers in row 0, then on each resample.

    The same seed draws the same customers, so that the difference of two such tables is a paired comparison. Of more than MOST
    customers, MOST are resampled, and the spread is scaled down to what all of them would have.

    Args:
        actual, predicted: of n customers, in currency.
        replicates: number of resamples.
        seed: of the draws.
    Returns:
        replicates + 1 rows; columns METRICS.
    Raises:
        ValueError: a value is missing or infinite.
    Source:
        Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
    """
    chance, n = np.random.default_rng(seed), min(len(actual), MOST)
    customers = chance.choice(len(actual), n, replace=False) if n < len(actual) else slice(None)
    ready = prepared(np.asarray(actual)[customers], np.asarray(predicted)[customers])
    draws = (np.bincount(chance.integers(0, n, n), minlength=n).astype(float) for _ in range(replicates))
    whole = pd.DataFrame([evaluate(actual, predicted)], columns=METRICS)
    drawn = pd.DataFrame([weighted(*ready, draw) for draw in draws], columns=METRICS)
    if n < len(actual):
        drawn = whole.loc[0] + (drawn - pd.Series(weighted(*ready, np.ones(n)))) * np.sqrt(n / len(actual))
    return pd.concat([whole, drawn], ignore_index=True)


def intervals(figures: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Returns percentile intervals; none (NaN) where the figure of any resample is not a number.

    Args:
        figures: of resampled(), or the difference of two.
        confidence: share of the resamples that an interval holds, 0 to 1.
    Returns:
        Index METRICS; value, low, high, standard_error.
    """
    draws, tail = figures.iloc[1:], (1 - confidence) / 2
    spread = {"low": draws.quantile(tail), "high": draws.quantile(1 - tail), "standard_error": draws.std(ddof=1)}
    numbers = np.isfinite(draws).all()
    return pd.DataFrame({"value": figures.iloc[0]} | {name: ends.where(numbers) for name, ends in spread.items()})


def deciles(actual: np.ndarray, predicted: np.ndarray) -> pd.DataFrame:
    """Returns mean predicted and actual by tenth of the customers, 1 = highest predictions.

    Args:
        actual, predicted: of n customers, in currency.
    Returns:
        decile, customers, predicted, actual (means in currency), actual_error (standard error of the mean); fewer than ten rows
        for fewer than ten customers.
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
    """Returns the errors within groups of customers, each recipe on the same ones.

    Args:
        actual: net revenue of n customers, in currency.
        predicted: recipe -> n predictions, in currency.
        group: of each customer; groups come in alphabetical order.
    Returns:
        group, recipe, customers, mean_actual, mean_predicted, rmse, mae (in currency).
    """
    rows = []
    for name in sorted(set(group)):
        members = (group == name).to_numpy()
        for recipe, values in predicted.items():
            error, size = values[members] - actual[members], {"customers": int(members.sum())}
            means = {"mean_actual": actual[members].mean(), "mean_predicted": values[members].mean()}
            errors = {"rmse": np.sqrt((error**2).mean()), "mae": np.abs(error).mean()}
            rows.append({"group": name, "recipe": recipe} | size | means | errors)
    return pd.DataFrame(rows)


def coverage(actual: np.ndarray, predicted: pd.DataFrame, stage: pd.Series) -> pd.DataFrame:
    """Returns the share of customers whose actual revenue lay within their interval.

    Args:
        actual: net revenue of n customers, in currency.
        predicted: predicted_clv, predicted_clv_low, predicted_clv_high of each.
        stage: lifecycle_stage of each.
    Returns:
        group (all; those who bought again; the tenth with the highest predictions; each stage), customers, coverage (0 to 1),
        brought_nothing (share; an interval from 0 upwards holds all of them), mean_width (currency).
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
                "customers": int(members.sum()),
                "coverage": within[members].mean(),
                "brought_nothing": (brought[members] <= 0).mean(),
                "mean_width": (high - low)[members].mean(),
            }
            for name, members in groups.items()
            if members.any()
        ]
    )


def ruling_customers(actual: np.ndarray, predicted: float | np.ndarray) -> int:
    """Returns how many customers make half of the squared error: as many as that rule the RMSE.

    Args:
        actual: net revenue of n customers, in currency.
        predicted: predictions of the same customers, or one for everybody.
    Returns:
        From 1 (one customer makes half of it) to n / 2 (all err alike); 0 where there is no error. Errors that follow a bell curve
        give about n / 8.

    >>> ruling_customers(np.array([0.0, 1.0, 2.0, 1000.0]), predicted=1.0)
    1
    """
    squared = np.sort((np.asarray(actual, float) - predicted) ** 2)[::-1]
    if not squared.sum() > 0:
        return 0
    return int(np.searchsorted(np.cumsum(squared), squared.sum() / 2)) + 1


def least_coverage(actual: np.ndarray, predicted: pd.DataFrame) -> float:
    """Returns the share of customers that their intervals hold however high these reach.

    An interval that begins at 0 holds the prediction, and so everybody who brought that much or less: most of all those who
    brought nothing.

    Args:
        actual: net revenue of n customers, in currency.
        predicted: predicted_clv and predicted_clv_low of each.
    Returns:
        0 (every interval could have missed) to 1 (none could have).

    >>> table = pd.DataFrame({"predicted_clv": [5.0, 5.0, 5.0], "predicted_clv_low": [0.0, 0.0, 1.0]})
    >>> round(least_coverage(np.array([0.0, 9.0, 0.0]), table), 2)
    0.33
    """
    brought = np.maximum(np.asarray(actual, float), 0)
    low, value = (predicted[f"predicted_clv{end}"].to_numpy() for end in ("_low", ""))
    return float(((low <= 0) & (brought <= value)).mean())


def gain_curve(actual: np.ndarray, predicted: np.ndarray, points: int = 100) -> pd.DataFrame:
    """Returns the share of revenue brought by the share of customers with the highest predictions.

    Args:
        actual, predicted: of n customers, in currency.
        points: steps from no customer to all of them.
    Returns:
        points + 1 rows; customers, revenue (shares, 0 to 1; revenue is missing where there is none).

    >>> gain_curve(np.array([1.0, 3.0]), np.array([5.0, 9.0]), points=2)["revenue"].tolist()
    [0.0, 0.75, 1.0]
    """
    revenue = np.concatenate(
        [[0.0], np.cumsum(np.asarray(actual, float)[np.argsort(-np.asarray(predicted), kind="stable")])]
    )
    at = np.linspace(0, len(revenue) - 1, points + 1).astype(int)
    return pd.DataFrame(
        {"customers": at / (len(revenue) - 1), "revenue": revenue[at] / (revenue[-1] if revenue[-1] > 0 else np.nan)}
    )


def prepared(actual: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns both as float64, then for each the group number of its values in ascending order (equal values, one group).

    Raises:
        ValueError: a value is missing or infinite.
    """
    actual, predicted = np.asarray(actual, float), np.asarray(predicted, float)
    for name, values in (("actual", actual), ("predicted", predicted)):
        if not np.isfinite(values).all():
            raise ValueError(f"{(~np.isfinite(values)).sum()} of {len(values)} {name} values are missing or infinite.")
    return actual, predicted, np.unique(actual, return_inverse=True)[1], np.unique(predicted, return_inverse=True)[1]


def weighted(
    actual: np.ndarray,
    predicted: np.ndarray,
    actual_group: np.ndarray,
    predicted_group: np.ndarray,
    weight: np.ndarray,
) -> dict[str, float]:
    """Returns the figures where customer i counts weight[i] times: the same as repeating its row. The rest: of prepared()."""
    share, error, undefined = weight / weight.sum(), predicted - actual, np.nan
    squared, revenue = share @ error**2, share @ actual
    (by_actual, actual_varies), (by_predicted, predicted_varies) = (
        _mid_ranks(group, share) for group in (actual_group, predicted_group)
    )
    brought, rank, guess = (values - share @ values for values in (actual, by_actual, by_predicted))
    weighted_brought, weighted_rank = share * brought, share * rank
    gini = (weighted_brought @ guess) / (weighted_brought @ rank) if actual_varies and predicted_varies else 0.0
    return {
        "rmse": np.sqrt(squared),
        "mae": share @ np.abs(error),
        "r2": 1 - squared / (weighted_brought @ brought) if actual_varies else undefined,
        "spearman": weighted_rank @ guess / np.sqrt((weighted_rank @ rank) * (share @ guess**2))
        if actual_varies and predicted_varies
        else undefined,
        "normalized_gini": gini if actual_varies else undefined,
        "top_decile_share": _top_share(actual, predicted_group, share, 0.1) / revenue if revenue > 0 else undefined,
        "bias": share @ predicted / revenue if revenue > 0 else undefined,
    }


def _mid_ranks(group: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, bool]:
    """The rank of each customer, as a share of all, and whether they have more than one."""
    mass = np.bincount(group, share)
    return (np.cumsum(mass) - mass / 2)[group], bool(np.count_nonzero(mass) > 1)


def _top_share(actual: np.ndarray, group: np.ndarray, weight: np.ndarray, share: float) -> float:
    """Revenue of the customers in the top share of predictions; a group on the border counts in part."""
    mass, revenue = np.bincount(group, weight)[::-1], np.bincount(group, weight * actual)[::-1]
    room = np.clip(share * mass.sum() - (np.cumsum(mass) - mass), 0, mass)
    return float((revenue * np.divide(room, mass, out=np.zeros_like(mass), where=mass > 0)).sum())
