"""What the checks are made from: the customers that a version was measured on, and everything that is known now."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from clv.monitor.sketches import Sketch

PREDICTED, ACTUAL = "predicted_clv", "actual_clv"


@dataclass(frozen=True)
class Measured:
    """What a version was made on: the customers of the day of its training, and those that it was measured on a horizon before.

    Drift is change since the training. So the customers of that day stand beside those of later days, and a look at the very same
    day finds nothing moved.

    Args: scored: one row a customer on the day of the training; the feature table with lifecycle_stage, and predicted_clv for an
          average horizon, so that the season moves nothing.
          cluster_id: the cluster of each of these rows, 1 = highest predictions.
          contributions: SHAP values of a sample of these rows, one column a feature.
          labelled: one row a customer whom the version was measured on; the feature table with predicted_clv and actual_clv of the
          horizon, from which it had not learnt.
          metrics: of metrics.intervals(), on these.
          recent: as in Recent, of the stretches before that day; the model has learnt from none of them.
          fold: what the season brings in the horizon of the labels, beside an average one.
    """

    scored: pd.DataFrame
    cluster_id: np.ndarray
    contributions: pd.DataFrame
    labelled: pd.DataFrame
    metrics: pd.DataFrame
    recent: pd.DataFrame
    fold: float = 1.0


@dataclass(frozen=True)
class Matured:
    """The newest window whose revenue has come in.

    Args: cutoff: the first day of the window.
          table: one row a customer; actual_clv and predicted_clv. None where errors cannot be judged.
          why_not: a sentence that says why there is no table.
          intervals: of metrics.intervals(), on the table.
          tells_nothing_new: the version was measured on this very window.
          fold: what the season brings in the window, beside an average one.
    """

    cutoff: dt.date
    table: pd.DataFrame | None = None
    why_not: str = ""
    intervals: pd.DataFrame | None = None
    tells_nothing_new: bool = False
    fold: float = 1.0


@dataclass(frozen=True)
class Recent:
    """What the customers of some weeks ago ordered since.

    Args: begin: first day of the stretch.   days: its length.
          table: one row a customer; orders, revenue (currency), expected_orders, expected_value (of an order, in currency).
          room: relative change that the season may make by itself.
          year: one row a week of the year until the day, oldest first: day, season, last_year as in finding.OverYear.
    """

    begin: dt.date
    days: int
    table: pd.DataFrame
    room: float
    year: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True)
class Vintage:
    """Scores that were used, and what came in once their horizon had passed.

    Args: as_of: the day on which the customers were scored.
          version: number of the version that scored them.
          run_id: the run that stores the scores.
          figures: of metrics.intervals().
          deciles: of metrics.deciles().
          actual: actual_clv, in the order of the stored scores.
          predicted_total: of all these customers, in currency.
    """

    as_of: dt.date
    version: str
    run_id: str
    figures: pd.DataFrame
    deciles: pd.DataFrame
    actual: pd.DataFrame
    predicted_total: float


@dataclass(frozen=True)
class Evidence:
    """Everything that a check may look at, beside its own part of the baseline.

    Args: version: number of the version in production.
          sketches: of the baseline, by column.
          columns: of distributions.compare(): every column now beside its sketch, predicted_clv among them.
          scored: one row a customer; the feature table at the as-of date with lifecycle_stage, and predicted_clv for an average horizon.
          contributions: SHAP values of a sample of these customers, for an average horizon.
          recent: what the customers of some weeks ago ordered since.
          last_year: as scored, a year earlier; None where the season is known, or the history does not reach back.
          room: relative change of a horizon's total that the season may make by itself.
          season: a sentence where the season is not known, else empty.
          ageing: a sentence where hardly anybody new comes, so that all columns move as the customers grow older; else empty.
          matured: the newest window whose revenue has come in.
          vintages: oldest first; None where the tracking server does not answer.
          too_short: a sentence where the history is too short to be compared with the baseline, else empty.
          gone: a sentence where so few customers are left that the history cannot be complete, else empty.
    """

    version: str
    sketches: Mapping[str, Sketch]
    columns: pd.DataFrame
    scored: pd.DataFrame
    contributions: pd.DataFrame
    recent: Recent
    matured: Matured
    vintages: list[Vintage] | None
    last_year: pd.DataFrame | None = None
    room: float = 0.0
    season: str = ""
    ageing: str = ""
    too_short: str = ""
    gone: str = ""

    @property
    def incomplete(self) -> str:
        """Returns why the history cannot be the whole one, or nothing."""
        return self.too_short or self.gone
