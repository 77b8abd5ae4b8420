"""Our recipe beside the others on the same customers, and what a reader should take from it."""

import pandas as pd

from clv.evaluation import metrics
from clv.evaluation.measure import OURS, Measured
from clv.workspace import Workspace


def resampled(work: Workspace, found: Measured) -> dict[str, pd.DataFrame]:
    """Each recipe's figures on the customers and on the same resamples of them."""
    actual, replicates = found.evaluation["actual_clv"].to_numpy(), work.config.evaluation.bootstrap_replicates
    return {
        name: metrics.resampled(actual, predicted, replicates, work.config.seed)
        for name, predicted in found.predicted.items()
    }


def compared(work: Workspace, found: Measured, draws: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per recipe: its figures, and how far it is from the best of the others (ours excepted) by RMSE, with an interval.

    Args: draws: of resampled().
    """
    best = min((name for name in draws if name != OURS), key=lambda name: draws[name].loc[0, "rmse"])
    rows = []
    for name, drawn in draws.items():
        against, mean = (
            metrics.intervals(drawn - draws[other], work.config.evaluation.confidence) for other in (best, "naive_mean")
        )
        # a better constant is no skill: customers must be told apart as well
        ahead = mean.loc["rmse", "high"] < 0 and mean.loc["normalized_gini", "low"] > 0
        rows.append(
            {"cutoff": found.plan.evaluation.isoformat(), "recipe": name, "customers": len(found.evaluation)}
            | drawn.loc[0].to_dict()
            | {"best_baseline": best, "beats_the_mean": bool(ahead)}
            | {
                f"{metric}_difference_{end}": against.loc[metric, end]
                for metric in ("rmse", "normalized_gini")
                for end in ("low", "high")
            }
        )
    return pd.DataFrame(rows).round(6)


def sentence(rows: pd.DataFrame) -> str:
    """One cutoff in words. rows: of compared()."""
    ours = rows.set_index("recipe").loc[OURS]
    if not rows["beats_the_mean"].any():
        return f"{ours['cutoff']}: no skill, nothing beats the constant beyond noise."
    figures = (
        f"RMSE {ours['rmse']:.4g}, R2 {ours['r2']:.3f}, Gini {ours['normalized_gini']:.3f}, bias {ours['bias']:.2f}"
    )
    return f"{ours['cutoff']}: {figures}, {standing(ours)} {ours['best_baseline']}."


def standing(ours: pd.Series) -> str:
    """By RMSE, beside the best of the others."""
    if ours["rmse_difference_low"] == ours["rmse_difference_high"] == 0:
        return "the same as"
    if ours["rmse_difference_high"] < 0:
        return "better than"
    return "worse than" if ours["rmse_difference_low"] > 0 else "not told apart from"
