"""The jobs of a --multirun beside one another."""

import re

import pytest
from ptys import on_a_terminal

from clv.jobs import Job, ranking
from clv.outcome import Outcome


def job(number, word, tags=None, **metrics):
    return Job(number, (word,), [Outcome("read"), Outcome("done", metrics=metrics, tags=tags or {})], 4.2)


def test_trainings_are_ranked_by_rmse():
    tags = {"candidate_version": "8", "gates": "passed"}
    table, order = ranking(
        [job(1, "model=glm", rmse=55.3), job(2, "model=btyd", tags, rmse=54.0, normalized_gini=0.79)]
    )
    assert order == "the lowest RMSE first; a small difference may be chance:"
    assert table.iloc[0].to_dict() == {
        "job": 2,
        "with": "model=btyd",
        "version": "8",
        "gates": "passed",
        "rmse": 54.0,
        "normalized_gini": 0.79,
        "seconds": 4,
    }
    assert list(table["job"]) == [2, 1]


def test_a_backtest_counts_by_the_figures_of_our_recipe():
    table, _ = ranking([job(1, "seed=1", **{"clv/rmse": 9.0}), job(2, "seed=2", **{"clv/rmse": 8.0})])
    assert list(table["rmse"]) == [8.0, 9.0]


@pytest.mark.parametrize("word", ["window.horizon_days=30", "window=year", "data.path=other.csv"])
def test_jobs_on_another_window_or_other_data_are_not_ranked(word):
    table, order = ranking([job(1, "model=glm", rmse=9.0), job(2, word, rmse=2.0)])
    assert list(table["job"]) == [1, 2] and order.startswith("not ranked, because figures of another window")


def test_jobs_without_a_figure_to_rank_by_say_what_came_out():
    table, order = ranking([job(1, "clusters.k=3"), job(2, "clusters.k=4")])
    assert order == "in the order in which they ran:" and list(table["came_out"]) == ["done", "done"]


def test_each_job_says_which_it_is_and_at_the_end_all_stand_beside_one_another(copied):
    words = (f"data.path={copied.folder}/history.csv", f"outputs={copied.outputs}", "clusters.k=3,4")
    shown = on_a_terminal(120, "-m", "entrypoints.cluster", "--multirun", *words)
    assert shown.code == 0
    heads = [line for line in shown.lines if line.startswith("job ")]
    assert heads[:2] == ["job 1 of 2: clusters.k=3", "job 2 of 2: clusters.k=4"]
    assert "2 of 2 jobs done, in the order in which they ran:" in shown.lines
    assert [line.split()[:2] for line in shown.lines if re.match(r" +\d ", line)] == [
        ["1", "clusters.k=3"],
        ["2", "clusters.k=4"],
    ]
