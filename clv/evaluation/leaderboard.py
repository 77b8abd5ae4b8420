"""Our recipe beside the others on the same customers, and what a reader should take from it."""

import pandas as pd

from clv import progress, windows
from clv.evaluation import gates, metrics
from clv.evaluation.gates import Ruling
from clv.evaluation.measure import OURS, Measured


def resampled(measured: Measured, replicates: int, seed: int) -> dict[str, pd.DataFrame]:
    """Returns, by recipe, its metrics on the customers and on the same resamples of them; of metrics.resampled()."""
    actual = measured.evaluation["actual_clv"].to_numpy()
    recipes = progress.over(measured.predicted.items(), "recipes measured")
    return {name: metrics.resampled(actual, predicted, replicates, seed) for name, predicted in recipes}


def leaderboard(measured: Measured, draws: dict[str, pd.DataFrame], confidence: float) -> pd.DataFrame:
    """Returns one row per recipe: its metrics, and its difference to the best of the others (ours excepted) by RMSE.

    Args:    draws: of resampled().   confidence: of the intervals, 0 to 1.
    Returns: cutoff, recipe, customers, metrics, best_baseline, beats_the_mean (beyond noise, and it tells customers apart), and
             low and high of the differences of rmse and normalized_gini.
    """
    best = min((name for name in draws if name != OURS), key=lambda name: draws[name].loc[0, "rmse"])
    actual = measured.evaluation["actual_clv"].to_numpy()
    ruling = Ruling(metrics.ruling_customers(actual, measured.predicted["naive_mean"]), len(actual))
    rows = []
    for name, drawn in draws.items():
        against_best = metrics.intervals(drawn - draws[best], confidence)
        against_mean = metrics.intervals(drawn - draws["naive_mean"], confidence)
        rows.append(
            {"cutoff": measured.plan.evaluation.isoformat(), "recipe": name, "customers": len(measured.evaluation)}
            | drawn.loc[0].to_dict()
            | {"best_baseline": best, "beats_the_mean": gates.tells_apart(against_mean, ruling)}
            | {
                f"{metric}_difference_{end}": against_best.loc[metric, end]
                for metric in ("rmse", "normalized_gini")
                for end in ("low", "high")
            }
        )
    return pd.DataFrame(rows).round(6)


def in_words(rows: pd.DataFrame) -> str:
    """Returns one cutoff in a sentence. rows: of leaderboard()."""
    ours = rows.set_index("recipe").loc[OURS]
    if not rows["beats_the_mean"].any():
        return f"{ours['cutoff']}: no skill, nothing beats the constant beyond noise."
    return f"{_figures(ours)}, {standing(ours)} {ours['best_baseline']}."


def _figures(ours: pd.Series) -> str:
    """The cutoff, and our metrics there."""
    return (
        f"{ours['cutoff']}: RMSE {ours['rmse']:.4g}, R2 {ours['r2']:.3f}, Gini {ours['normalized_gini']:.3f}, bias "
        f"{ours['bias']:.2f}"
    )


def standing(ours: pd.Series) -> str:
    """Returns how our RMSE stands beside the best of the others: better than, worse than, the same as, or not told apart from."""
    if ours["rmse_difference_low"] == ours["rmse_difference_high"] == 0:
        return "the same as"
    if ours["rmse_difference_high"] < 0:
        return "better than"
    return "worse than" if ours["rmse_difference_low"] > 0 else "not told apart from"


def doubts(rows: pd.DataFrame) -> tuple[str, ...]:
    """Returns what a reviewer should know first: that nothing beats the mean, or that the model does not beat the others.

    Args: rows: of leaderboard(), of one cutoff.
    """
    ours = rows.set_index("recipe").loc[OURS]
    if rows["beats_the_mean"].any() and standing(ours) == "better than":
        return ()
    if not rows["beats_the_mean"].any():
        wrong = "no skill, nothing beats the constant beyond noise"
    else:
        wrong = f"the model is {standing(ours)} {ours['best_baseline']}, which is simpler, in RMSE"
    return (f"{wrong}. On the same customers, {_figures(ours)}.",)


def without_labels(plan: windows.Plan) -> tuple[str, ...]:
    """Returns what a reviewer should know of a model that saw no label; nothing where it saw some."""
    if plan.training:
        return ()
    return (
        f"the history is shorter than two horizons of {plan.horizon_days} days: nothing could be learnt from what came "
        "after a cutoff; this is BTYD alone, and its intervals are rough.",
    )


def metric_table(figures: dict[str, pd.DataFrame], measured: Measured) -> pd.DataFrame:
    """Returns one row per recipe and metric, with its interval. figures: recipe -> of metrics.intervals()."""
    table = pd.concat({name: rows.round(6) for name, rows in figures.items()}, names=["recipe", "metric"]).reset_index()
    return table.assign(evaluation_cutoff=measured.plan.evaluation.isoformat(), horizon_days=measured.plan.horizon_days)


def headline(figures: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Returns our metrics by their plain names, with their intervals; the other recipes' under recipe/metric.

    Args: figures: recipe -> of metrics.intervals().
    """
    ours = figures[OURS]
    ends = {f"interval/{metric}_{end}": ours.loc[metric, end] for metric in ours.index for end in ("low", "high")}
    others = {
        f"{name}/{metric}": value
        for name, table in figures.items()
        if name != OURS
        for metric, value in table["value"].items()
    }
    return ours["value"].to_dict() | ends | others
