"""Does the model lean on other features than it did? From SHAP values of a sample on both sides."""

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import ndcg_score

from clv.monitor import ALERT, INSUFFICIENT, STABLE, Finding, grade, worst

BLIND = "For a model that stands, this depends on the features alone: a changed relation between features and revenue does not show here."


def profile(contributions: pd.DataFrame) -> dict:
    """Shares of the mean absolute SHAP value by column, with standard errors; no row remains.

    Returns: customers; total (mean of the summed absolute values); total_error (of its logarithm); shares, errors: by column.
    """
    sizes = contributions.abs()
    sums, means, n = sizes.sum(axis=1), sizes.mean(), max(len(sizes), 1)
    if not np.isfinite(sizes).all(axis=None):
        return {"customers": len(sizes), "total": np.nan, "total_error": np.nan, "shares": {}, "errors": {}}
    total = float(sums.mean())
    if not total > 0:
        return {"customers": len(sizes), "total": 0.0, "total_error": 0.0, "shares": {}, "errors": {}}
    shares = means / total
    influence = (sizes - np.outer(sums, shares)) / total  # delta method for a ratio of two means
    return {
        "customers": len(sizes),
        "total": total,
        "total_error": float(sums.std() / total / np.sqrt(n)),
        "shares": shares.to_dict(),
        "errors": (influence.std() / np.sqrt(n)).to_dict(),
    }


def compare(reference: dict, current: dict, limits: dict) -> Finding:
    """Total variation of the shares and the ratio of the totals, both beyond chance; NDCG of the order is reported.

    Args:   reference, current: of profile().   limits: significance, warn, alert (total variation, 0 to 1), low, high (ratio of
            totals), min_customers.
    Source: Lundberg and Lee (2017); Jarvelin and Kekalainen (2002), doi:10.1145/582415.582418, for NDCG, which flagged none of five
            faults that were put in, while the total variation flagged all.
    """
    fewest = min(reference["customers"], current["customers"])
    if not all(np.isfinite(side["total"]) for side in (reference, current)):
        return Finding(ALERT, "What moves the predictions cannot be compared: contributions are not numbers.")
    if fewest < limits["min_customers"] or not reference["shares"] or not current["shares"]:
        return Finding(
            INSUFFICIENT, f"{fewest} customers on one of the sides are too few, or the model explains nothing."
        )
    sides = pd.DataFrame({"reference": reference["shares"], "current": current["shares"]}).fillna(0.0)
    change = sides["current"] - sides["reference"]
    errors = [pd.Series(side["errors"]).reindex(sides.index).fillna(0.0) for side in (reference, current)]
    noise = np.hypot(*errors).clip(lower=1e-12)
    q = stats.false_discovery_control(2 * stats.norm.sf(change.abs() / noise))
    variation, ratio = float(change.abs().sum() / 2), current["total"] / reference["total"]
    z = float(np.log(ratio) / max(np.hypot(reference["total_error"], current["total_error"]), 1e-12))
    beyond = abs(z) > stats.norm.isf(limits["significance"] / 2)
    if not np.isfinite([variation, z, q.min()]).all():
        return Finding(ALERT, "What moves the predictions cannot be compared: a figure of it is not a number.")
    shifted = grade(variation, limits["warn"], limits["alert"], q.min() < limits["significance"])
    scaled = ALERT if beyond and not limits["low"] <= ratio <= limits["high"] else STABLE
    figures = {
        "total_variation": variation,
        "smallest_q_value": float(q.min()),
        "total_ratio": ratio,
        "total_ratio_z": z,
        "ndcg": ndcg(sides),
        "shares": sides.to_dict("index"),
        "cannot_see": BLIND,
    }
    return Finding(worst([shifted, scaled]), sentence(change, sides, shifted, scaled, ratio), figures)


def ndcg(sides: pd.DataFrame) -> float:
    return float(ndcg_score([sides["reference"]], [sides["current"]])) if len(sides) > 1 else 1.0


def sentence(change: pd.Series, sides: pd.DataFrame, shifted: str, scaled: str, ratio: float) -> str:
    most = change.abs().idxmax()
    found = []
    if shifted != STABLE:
        found.append(
            f"{most} makes {sides.loc[most, 'current']:.0%} of what moves the predictions, it was {sides.loc[most, 'reference']:.0%}."
        )
    if scaled != STABLE:
        found.append(f"All that moves the predictions together is {ratio:.2f} times what it was.")
    return " ".join(found) or "The predictions lean on the same features as before."
