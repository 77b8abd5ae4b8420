"""The baseline: what it holds, and what is refused."""

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest
from monitor.seen import ACTUAL, PREDICTED, RECENT, SHAP

from clv import store
from clv.errors import UserError
from clv.evaluation import metrics
from clv.monitor import baseline, checks
from clv.monitor.evidence import Measured

FACTS = {"history_days": 365, "evaluation_cutoff": "2025-01-01", "as_of": "2025-04-01"}


def test_both_sides_of_a_comparison_see_the_days_before_the_training():
    base = baseline.Baseline(FACTS, {}, {})
    assert base.as_of == dt.date(2025, 4, 1) and base.days == 365 + 90


def test_a_baseline_comes_back_from_its_files_as_it_was_with_figures_that_were_undefined(tmp_path):
    table = pd.DataFrame(
        {
            "lifecycle_stage": "active",
            "spend": PREDICTED[:200],
            "predicted_clv": PREDICTED[:200],
            "actual_clv": ACTUAL[:200],
        }
    )
    figures = pd.DataFrame(0.5, index=list(metrics.METRICS), columns=["value", "low", "high", "standard_error"])
    figures.loc["r2"] = np.nan
    base = baseline.describe(
        FACTS, Measured(table.drop(columns="actual_clv"), np.repeat([1, 2], 100), SHAP, table, figures, RECENT)
    )
    for path, content in baseline.files(base).items():
        store.write(tmp_path, {path: content})
    again = baseline.load(tmp_path / "baseline")
    assert (again.facts, again.customers, set(again.sketches)) == (FACTS, 200, {"spend", "predicted_clv"})
    assert set(again.parts) == {check.section for check in checks.CHECKS}
    assert again.parts["segment_drift"] == base.parts["segment_drift"]
    assert again.parts["shap_drift"] == base.parts["shap_drift"]
    assert all(np.isnan(value) for value in again.parts["prediction_drift"]["intervals"]["r2"].values())


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda content: content.pop("facts"), "KeyError: 'facts'"),
        (lambda content: content["facts"].pop("history_days"), "ValueError: it lacks history_days"),
        (lambda content: content["facts"].pop("as_of"), "ValueError: it lacks as_of"),
        (lambda content: content["checks"]["shap_drift"].update(total="much"), "'much' stands where a number belongs"),
        (lambda content: content["checks"]["shap_drift"].update(total=True), "True stands where a number belongs"),
        (lambda content: content["checks"]["shap_drift"].update(total=np.nan), "NaN is not a number"),
    ],
)
def test_a_baseline_that_is_not_whole_is_refused_with_what_is_wrong(change, message, tmp_path):
    table = pd.DataFrame({"lifecycle_stage": "active", "predicted_clv": PREDICTED[:200], "actual_clv": ACTUAL[:200]})
    figures = pd.DataFrame(0.5, index=list(metrics.METRICS), columns=["value", "low", "high", "standard_error"])
    measured = Measured(table.drop(columns="actual_clv"), np.repeat([1, 2], 100), SHAP, table, figures, RECENT)
    content, sketched = baseline.files(baseline.describe(FACTS, measured)).values()
    content = json.loads(json.dumps(content))
    change(content)
    (tmp_path / "baseline.json").write_text(json.dumps(content))
    sketched.to_parquet(tmp_path / "sketches.parquet")
    with pytest.raises(UserError, match=f"The baseline is not whole, or was made by an earlier engine: .*{message}"):
        baseline.load(tmp_path)


def test_reports_are_json_without_bare_nan():
    content = {"p": np.float64("nan"), "d": np.float32(0.5), "n": np.int64(3)}
    assert json.loads(store.as_json(content)) == {"p": None, "d": 0.5, "n": 3}
