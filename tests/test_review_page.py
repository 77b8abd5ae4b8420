"""The page that a reviewer reads: whatever stands in the data stays text."""

from dataclasses import replace

import pytest

from clv import reports
from clv.evaluation import metrics
from clv.reports import review_words
from clv.reports.metric_words import EXPLAINED
from clv.reports.review_words import Reviewed

SCRIPT = "<script>alert(1)</script>"


def content(**changed):
    row = {"metric": SCRIPT, "candidate": 1.5, "production": None, "difference": 12345.678, "candidate_is": "worse"}
    return {
        "at": "2026-11-23T12:00:00+00:00",
        "model": SCRIPT,
        "version": "3",
        "against": "2",
        "is_in_production": False,
        "totals": [{"recipe": SCRIPT, "predicted": 100.0, "actual": 123456.0}],
        "recommendation": f"Promote {SCRIPT}",
        "gates": [{"name": SCRIPT, "passed": True, "reason": SCRIPT, "figures": {}}],
        "evaluation": {"cutoff": "2026-01-01", "horizon_days": 90, "customers": 1000, "confidence": 0.9},
        "metrics": [row],
        "baselines": [row],
        "deciles": {},
        "by_stage": [row],
        "by_orders": [row],
        "coverage": {"candidate": [row]},
        "ranking": {
            "customers": 9,
            "as_of": "2026-01-01",
            "predicted": {SCRIPT: {"total": 5.0, "tied": 0.6}, "production": {"total": 6.0, "tied": 0.01}},
            "top_decile_overlap": 0.5,
            "rank_correlation": 0.9,
            "movers": [{"customer_id": SCRIPT, "rank_change": -1000}],
        },
        "differences": {
            "data": {SCRIPT: [SCRIPT, None]},
            "libraries": {},
            "features_added": [SCRIPT],
            "features_removed": [],
            "configuration": {SCRIPT: [SCRIPT, "1"]},
        },
        "monitor": {"verdict": "alarm", "as_of": SCRIPT, "run": SCRIPT, "verdict_reasons": SCRIPT},
        "data_sha256": "0" * 64,
    } | changed


def test_every_value_is_escaped_and_numbers_are_readable():
    page = reports.review_page(content(), {})
    assert "<script" not in page and page.count("&lt;script&gt;") > 12
    assert "gates passed" in page and ">12,346<" in page and ">1.5<" in page and ">–<" in page and ">-1,000<" in page


def test_a_failed_gate_shows_its_command_and_nothing_in_production_shows_no_comparison():
    failed = [{"name": "bias within limits", "passed": False, "reason": "2.000", "figures": {}}]
    page = reports.review_page(content(gates=failed, against=None, differences={}, ranking={}, monitor=None), {})
    assert "gates failed" in page and "-P despite_gates=true" in page and "against nothing in production" in page
    assert "How the ranking would change" not in page and "What the monitor last found" not in page
    same = {"data": {}, "libraries": {}, "configuration": {}, "features_added": [], "features_removed": []}
    assert "The same data, dates, libraries and configuration." in reports.review_page(content(differences=same), {})
    assert "badge failed" in page and "badge passed" in reports.review_page(content(), {})


def test_every_metric_of_the_page_is_explained_where_it_is_shown():
    rows = [{"metric": name, "candidate": 1.0} for name in ("normalized_gini", "bias", "top_decile_share")]
    page = reports.review_page(content(metrics=rows), {})
    for sentence in (
        "The normalized Gini says how well the ranking finds the customers who bring the revenue: 0 is random, 1 is perfect.",
        "Bias is predicted over actual revenue of all customers together: 1 is right, above 1 too much was predicted.",
        "The top decile share is the share of all revenue that came from the tenth of the customers with the highest predictions: 0.1 is random.",
    ):
        assert sentence in page
    assert set(EXPLAINED) == set(metrics.METRICS)


def reviewed(**changed):
    decided = Reviewed(model="clv", version="3", against="2", serves=False, passed=True, comparable=True)
    return replace(decided, **changed)


def test_what_was_reviewed_is_read_from_the_content():
    assert review_words.reviewed_in(content(model="clv")) == reviewed()
    failed = [{"name": "bias", "passed": False}, {"name": "skill", "passed": True}]
    alone = content(model="clv", gates=failed, is_in_production=True, metrics=[{"metric": "rmse", "candidate": 1.0}])
    assert review_words.reviewed_in(alone) == reviewed(serves=True, passed=False, comparable=False)


@pytest.mark.parametrize(
    "changed, words",
    [
        ({}, "Review of model clv, version 3, against version 2, in production"),
        ({"serves": True}, "Review of model clv, version 3, against version 2, which was in production before it"),
        ({"against": None}, "Review of model clv, version 3, against nothing in production"),
    ],
)
def test_the_title_names_both_versions(changed, words):
    assert review_words.title(reviewed(**changed)) == words


@pytest.mark.parametrize("comparable, who", [(True, "neither version has"), (False, "the version has not")])
def test_the_page_says_on_whom_the_versions_were_measured(comparable, who):
    evaluation = {"customers": 1000, "cutoff": "2026-01-01", "horizon_days": 90}
    assert review_words.measured_on(reviewed(comparable=comparable), evaluation, 123456.0) == (
        f"1,000 customers at 2026-01-01, over 90 days from which {who} learnt; they brought 123,456"
    )


def test_a_difference_is_explained_where_there_is_one():
    rows = [{"metric": "bias"}]
    sentence = (
        "The difference is candidate minus Production, with its paired bootstrap interval (90%, as in the gates)."
    )
    assert review_words.explanations(reviewed(), rows, 0.9) == [sentence, EXPLAINED["bias"]]
    assert review_words.explanations(reviewed(comparable=False), rows, 0.9) == [EXPLAINED["bias"]]


def test_the_ranking_says_who_stays_in_the_top_decile_what_is_predicted_and_who_is_tied():
    assert review_words.ranking_sentences(
        content()["ranking"] | {"predicted": {"candidate": {"total": 5.0, "tied": 0.6}}}
    ) == [
        (
            "Of 9 customers as of 2026-01-01, 50% of the top decile would stay in it, and the ranks correlate by 0.900 (1 is the same order). "
            "Equal predictions share a rank."
        ),
        "The predictions of all customers add up to 5 by the candidate.",
        "60% of the customers have one and the same prediction by the candidate.",
    ]
    few = {"predicted": {"candidate": {"total": 5.0, "tied": 0.05}, "production": {"total": 6.5, "tied": 0.0}}}
    assert review_words.ranking_sentences(content()["ranking"] | few)[1:] == [
        "The predictions of all customers add up to 5 by the candidate, 6.5 by the production."
    ]


def test_the_monitor_is_quoted_or_has_not_looked_yet():
    assert review_words.monitor_sentence(None) == "The monitor has not looked at it yet."
    last = {"run": "ab12", "as_of": "2026-01-01", "verdict": "alarm", "verdict_reasons": "Feature drift: it moved."}
    assert review_words.monitor_sentence(last) == "As of 2026-01-01 (run ab12): Feature drift: it moved."


@pytest.mark.parametrize(
    "changed, commands",
    [
        ({}, ["promote -P version=3 {who}", "reject -P version=3 {who}"]),
        ({"passed": False}, ["promote -P version=3 {who} -P despite_gates=true", "reject -P version=3 {who}"]),
        ({"serves": True}, ["promote -P version=3 {who}", "rollback {who}"]),
    ],
)
def test_the_next_steps_are_what_the_person_can_decide(changed, commands):
    steps = review_words.next_steps(reviewed(**changed))
    shown = [step.command for step in steps]
    texts = ["Enter that it stays in production:", "Go back to the version before it:"]
    assert [step.text for step in steps] == (texts if changed.get("serves") else ["Promote it:", "Reject it:"])
    assert shown == ["mlflow run . -e " + command.format(who="-P reviewer=NAME -P reason=WHY") for command in commands]


@pytest.mark.parametrize(
    "value, text",
    [
        (None, "–"),
        ("rmse", "rmse"),
        (3, "3"),
        (-1000.0, "-1,000"),
        (0.0, "0"),
        (1.23456, "1.235"),
        (9999.4, "9,999"),
        (9999.5, "10,000"),
        (10000.5, "10,000"),
    ],
)
def test_a_cell_shows_whole_numbers_in_full_and_others_to_four_digits(value, text):
    assert review_words.number(value) == text
