"""Histories that are too short or strange: an answer without gaps, or an error that names the next move."""

import os
import subprocess
import sys

import pandas as pd
import pytest
from helpers import RANKED, ROOT, SMALL, composed, read
from stores import client

from clv.errors import InputError
from clv.run import run_command


def write_short(path, days):
    """200 customers who order every 40 days, for so many days."""
    first = pd.Timestamp("2011-01-01")
    rows = [
        (f"c{i}", (first + pd.Timedelta(days=day)).strftime("%Y-%m-%d"), 10 + i % 7)
        for i in range(200)
        for day in range(i % 40, days, 40 + i % 11)
    ]
    pd.DataFrame(rows, columns=["customer_id", "order_date", "revenue"]).to_csv(path, index=False)


def test_a_history_too_short_to_measure_says_which_horizon_fits_and_exits_with_65(project):
    write_short(project / "short.csv", 150)
    found = subprocess.run(
        [sys.executable, "-m", "entrypoints.train", "data.path=short.csv"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert found.returncode == 65 and found.stderr.startswith("[HISTORY_TOO_SHORT] ")
    assert " -- fix: window.horizon_days=" in found.stderr and found.stderr.count("\n") == 1


def test_a_history_of_one_horizon_falls_back_to_btyd_and_says_so_on_the_version(project):
    write_short(project / "short.csv", 210)
    records = run_command("full_pipeline", composed("data.path=short.csv", *SMALL))
    warning = "the history is shorter than two horizons of 90 days: nothing could be learnt"
    assert any(warning in text for record in records for text in record.warnings)
    version = client().get_model_version("clv", "1")
    assert warning in version.description and "predicted by btyd." in version.description
    scores = read(project / "outputs" / RANKED)
    assert scores.notna().all(axis=None) and (scores["predicted_clv_high"] >= scores["predicted_clv"]).all()


@pytest.mark.parametrize(
    "name, revenue, says",
    [
        ("nobody comes back", lambda i, day: 10.0 if day < 40 else None, "nothing to learn|no order in the"),
        ("all is returned", lambda i, day: 10.0 if (i + day) % 2 else -30.0, None),
        ("all spend the same", lambda i, day: 10.0, None),
    ],
)
def test_strange_histories_give_scores_without_gaps_or_a_clear_error(project, name, revenue, says):
    write_short(project / "strange.csv", 400)
    table = pd.read_csv("strange.csv")
    days = (pd.to_datetime(table["order_date"]) - pd.Timestamp("2011-01-01")).dt.days
    number = table["customer_id"].str[1:].astype(int)
    table["revenue"] = [revenue(i, day) for i, day in zip(number, days, strict=True)]
    table.dropna().to_csv("strange.csv", index=False)
    settings = ("data.path=strange.csv", "window.max_silent_days=3650", "window.as_of=2012-02-01", *SMALL)
    if says:
        with pytest.raises(InputError, match=says):
            run_command("full_pipeline", composed(*settings))
        return
    run_command("full_pipeline", composed(*settings))
    assert read(project / "outputs" / RANKED).notna().all(axis=None)
