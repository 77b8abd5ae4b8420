"""The page that a reviewer reads: whatever stands in the data stays text."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from clv import reports
from clv.evaluation import metrics
from clv.evaluation.advice import Advice
from clv.registry import ledger
from clv.reports import Money, model_card, review_tables, review_words
from clv.reports.metric_words import EXPLAINED, NAMES, SHORT
from clv.reports.page import moment, picture
from clv.reports.review_words import Reviewed

SCRIPT = "<script>alert(1)</script>"
DATA = {"file": SCRIPT, "rows": 20273, "customers": 3214, "first_day": "2023-07-01", "last_day": "2026-06-30"}


def metric(name, candidate, production, low, value, high, graded):
    return {
        "metric": name,
        "candidate": candidate,
        "production": production,
        "difference": value,
        "low": low,
        "high": high,
        "candidate_is": graded,
    }


def mover(**more):
    row = {"customer_id": SCRIPT, "lifecycle_stage": SCRIPT, "rank_before": 1.0, "rank_now": 344.5}
    return row | {"clv_before": 1006.39, "clv_now": 333.08, "clv_change": -673.31, "top_decile": "leaves"} | more


def group(name, recipe, predicted):
    size = {"group": name, "recipe": recipe, "customers": 1000}
    return size | {"mean_actual": 12345.6, "mean_predicted": predicted, "rmse": 33.4, "mae": None}


def content(**changed):
    groups = [group(SCRIPT, "candidate", 12.5), group(SCRIPT, "production", 13.5), group(SCRIPT, "btyd", 14.5)]
    held = {"group": SCRIPT, "customers": 1000, "coverage": 0.71, "brought_nothing": 0.807, "mean_width": 25.5}
    tenth = {"decile": 1, "customers": 100, "predicted": 115.4, "actual": 113.9, "actual_error": 5.0}
    return {
        "at": "2026-11-23T12:00:42+00:00",
        "model": SCRIPT,
        "version": "3",
        "against": "2",
        "is_in_production": False,
        "in_production_by": {"version": "2", "event": "bootstrap"},
        "learnt_until": {"candidate": "2026-04-02", "production": "2026-01-01"},
        "money": {"currency": "EUR", "of": SCRIPT, "horizon_days": 90},
        "best": {
            "customers": 305,
            "brought": {"candidate": 34705.0, "production": 34546.0, "btyd": 33855.0},
            "difference": 160.0,
            "low": -825.0,
            "high": 746.0,
        },
        "worth_in_money": 0.0,
        "advice": "BETTER",
        "recommendation": f"Promote {SCRIPT}: 4 % better",
        "gates": [{"name": SCRIPT, "passed": True, "reason": SCRIPT, "figures": {}}],
        "evaluation": {"cutoff": "2026-01-01", "horizon_days": 90, "customers": 1000, "confidence": 0.9},
        "totals": [
            {"recipe": name, "predicted": 56110.0, "actual": 52688.0} for name in ("candidate", "production", "btyd")
        ],
        "metrics": [
            metric("rmse", 33.43, 31.92, 0.41, 1.51, 2.44, "worse"),
            metric("normalized_gini", 0.921, 0.917, 0.001, 0.004, 0.008, "better"),
            metric("top_decile_share", 0.6587, 0.6557, -0.016, 0.003, 0.014, "no clear difference"),
            metric("bias", 1.065, 0.958, -0.089, 0.023, 0.117, "no clear difference"),
        ],
        "baselines": [
            {"recipe": name, "rmse": 34.39, "bias": 0.936, "top_decile_share": 0.6426}
            for name in ("candidate", "production", "btyd", SCRIPT)
        ],
        "deciles": {"candidate": [tenth], "production": [tenth]},
        "by_stage": groups,
        "by_orders": groups,
        "promised": {"candidate": 0.8, "production": 0.8},
        "coverage": {"candidate": [held], "production": [held]},
        "ranking": {
            "customers": 9,
            "as_of": "2026-01-01",
            "predicted": {"candidate": {"total": 57751.0, "tied": 0.6}, "production": {"total": 57763.0, "tied": 0.01}},
            "top_decile_overlap": 0.5,
            "rank_correlation": 0.9,
            "crossing": {
                "enters": {"customers": 32, "clv_before": 1574.0, "clv_now": 2366.0},
                "leaves": {"customers": 1, "clv_before": 2321.0, "clv_now": 1718.0},
            },
            "enters": [mover(top_decile="enters")],
            "leaves": [mover()],
            "movers": [mover()],
        },
        "card": {
            "reviewed_on": DATA | {"sha256": "1" * 64},
            "trained_on": DATA | {"sha256": "0" * 64},
            "learnt_until": "2026-04-02",
            "measured": {"first": "2026-04-02", "last": "2026-06-30"},
            "cutoffs": {"count": 12, "first": "2025-02-06", "last": "2026-01-02"},
            "trained_by": SCRIPT,
            "trained_at": "2026-11-22T06:04:00+00:00",
            "run": SCRIPT,
            "git_commit": SCRIPT,
            "chains": ["btyd+glm", SCRIPT],
            "alone": False,
            "features": 42,
        },
        "decided_before": SCRIPT,
        "differences": {
            "data": {SCRIPT: [SCRIPT, None]},
            "libraries": {},
            "features_added": [SCRIPT],
            "features_removed": [],
            "configuration": {SCRIPT: [["btyd", "trees"], "1"]},
        },
        "monitor": {
            "verdict": "alarm",
            "at": "2026-11-20T09:00:00+00:00",
            "as_of": SCRIPT,
            "run": SCRIPT,
            "verdict_reasons": SCRIPT,
        },
        "data_sha256": "0" * 64,
        "data_words": [SCRIPT],
    } | changed


def text(page):
    """What a person reads of a page: no tags, and plain spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).replace("\N{NO-BREAK SPACE}", " ").split())


def test_every_value_is_escaped_and_amounts_have_their_currency():
    page = reports.review_page(content(), {})
    assert "<script" not in page and page.count("&lt;script&gt;") > 30
    for words in (
        "gates passed",
        "57,751 EUR by version 3",
        "over 90 days (EUR)",
        "106.5 % of it",
        "written 2026-11-23 12:00 UTC",
    ):
        assert words in text(page)


def test_the_first_screen_has_the_recommendation_what_it_rests_on_what_it_costs_and_what_to_do_and_the_rest_is_folded():
    page = reports.review_page(content(), {})
    first, folded = page[: page.index("<details>")], page[page.index("<details>") :]
    for words in ("4 % better", "Decision:", "What it rests on", "What a change moves", "-e promote -P version=3"):
        assert words in text(first)
    assert "<details open" not in page and folded.count("<details>") == folded.count("<summary>") >= 10
    for heading in ("Gates", "Every metric", "Who would change", "Model card", "How often the interval held"):
        assert f"<h2>{heading}</h2>" in folded


def test_a_failed_gate_shows_its_command_and_nothing_in_production_shows_no_comparison():
    failed = [{"name": "bias within limits", "passed": False, "reason": "2.000", "figures": {}}]
    page = reports.review_page(content(gates=failed, advice="DO_NOT_PROMOTE"), {})
    assert "gates failed" in page and "-P despite_gates=true" in page and ">Do not promote<" in page
    one = [{"metric": row["metric"], "candidate": row["candidate"]} for row in content()["metrics"]]
    alone = {name: content()[name] for name in ("best", "coverage", "deciles", "promised")}
    alone = {name: {"candidate": value["candidate"]} for name, value in alone.items() if name != "best"}
    groups = [group(SCRIPT, "candidate", 12.5), group(SCRIPT, "btyd", 14.5)]
    alone |= {"by_stage": groups, "by_orders": groups}
    alone["best"] = content()["best"] | {"difference": None, "low": None, "high": None}
    first = content(metrics=one, against=None, differences={}, ranking={}, monitor=None, advice="LOOK_FIRST", **alone)
    page = reports.review_page(first, {})
    assert "against nothing in production" in page and "by the probability model alone 33,855 EUR" in text(page)
    assert "Who would change" not in page and "What the monitor found" not in page and "Version None" not in page
    same = {"data": {}, "libraries": {}, "configuration": {}, "features_added": [], "features_removed": []}
    assert "The same data, dates, libraries and configuration." in reports.review_page(content(differences=same), {})
    assert "badge failed" not in page and "badge passed" in reports.review_page(content(), {})


@pytest.mark.parametrize("advice", list(Advice))
@pytest.mark.parametrize("serves, against", [(False, "2"), (True, "2"), (False, None)])
def test_every_advice_has_a_headline(advice, serves, against):
    words, colour = review_words.headline(reviewed(serves=serves, against=against), advice.name)
    assert words and colour in ("passed", "failed", "warn", "insufficient")
    assert not (serves and "Promote" in words)


def test_the_decision_is_put_on_the_page_in_both_places_and_nothing_else_changes():
    page = reports.review_page(content(), {})
    assert text(page).count(review_words.UNDECIDED) == 2
    entry = {"event": "rejection", "by": SCRIPT, "at": "2026-11-27T06:03:09.123+00:00", "why": "a < b"}
    decided = reports.with_decision(page, reports.decision(entry))
    assert "<script" not in decided and review_words.UNDECIDED not in decided
    assert decided.count("Rejected by &lt;script&gt;alert(1)&lt;/script&gt; on 2026-11-27 06:03 UTC: a &lt; b") == 2
    assert reports.with_decision(decided, review_words.UNDECIDED) == page
    despite = reports.decision(entry | {"event": "promotion", "despite_gates": True, "by": "Ann"})
    assert despite == "Promoted despite its gates by Ann on 2026-11-27 06:03 UTC: a < b"


def cells(table):
    """The table as texts; a note stands after a bar."""
    return [[cell.text + (f" | {cell.note}" if cell.note else "") for cell in row] for row in table.rows]


def test_the_basis_has_metrics_as_rows_and_versions_and_btyd_as_columns():
    table = review_tables.basis(reviewed(), content(), Money("EUR"))
    assert table.heads == ["", "Version 3 (candidate)", "Version 2 (Production)", "Probability model alone", "Verdict"]
    assert cells(table) == [
        [
            *("Predicted total | 52,688 EUR came", "56,110 EUR | 106.5 % of it", "56,110 EUR | 95.8 % of it"),
            *(
                "56,110 EUR | 93.6 % of it",
                "no clear difference | 2.3 points further from what came (8.9 nearer to 11.7 further)",
            ),
        ],
        [
            *("Error per customer | RMSE, lower is better", "33.43 EUR", "31.92 EUR", "34.39 EUR"),
            "worse | +4.7 % (+1.3 % to +7.6 %)",
        ],
        ["Ranking | Gini: 0 random, 1 perfect", "0.921", "0.917", "–", "better | +0.4 % (+0.1 % to +0.9 %)"],
        [
            *(
                "Best tenth brought | the top 10 % of each list",
                "34,705 EUR | 65.9 % of all",
                "34,546 EUR | 65.6 % of all",
            ),
            *("33,855 EUR | 64.3 % of all", "no clear difference | +0.5 % (−2.4 % to +2.1 %)"),
        ],
        [
            *("Within the interval | share of customers", "71.0 % | 80 % promised", "71.0 % | 80 % promised", "–"),
            "9 points fewer than promised",
        ],
    ]


def test_a_figure_that_is_no_number_is_a_dash_and_counts_as_worse():
    broken = metric("spearman", None, 0.5, None, None, None, "worse")
    table = review_tables.metrics(reviewed(), content(metrics=[broken]), Money())
    assert cells(table)[0][1:] == ["–", "0.500", "–", "–", "worse | no number"]


def test_the_interval_that_is_promised_stands_beside_the_one_that_was_found():
    table = review_tables.coverage(reviewed(), content(), Money("EUR"))
    assert table.heads[:4] == ["", "Promised", "Found: Version 3 (candidate)", "Found: Version 2 (Production)"]
    assert cells(table) == [[SCRIPT, "80 %", "71.0 %", "71.0 %", "1,000", "80.7 %", "25.50 EUR", "25.50 EUR"]]


def test_groups_and_tenths_have_both_versions_in_one_row():
    assert cells(review_tables.groups(reviewed(), content()["by_stage"], Money()))[0] == [
        *(SCRIPT, "1,000", "12,346", "12.50", "13.50", "14.50", "33.40", "33.40", "33.40")
    ]
    assert cells(review_tables.deciles(reviewed(), content(), Money())) == [
        ["1", "100", "115", "114 (5.00)", "115", "114 (5.00)"]
    ]


@pytest.mark.parametrize("has_ids", [True, False])
def test_movers_show_money_and_ids_only_where_the_content_has_them(has_ids):
    rows = [mover() if has_ids else {name: value for name, value in mover().items() if name != "customer_id"}]
    table = review_tables.movers(reviewed(), rows, Money("EUR"))
    assert table.heads[0] == ("Customer" if has_ids else "Stage")
    assert cells(table)[0][-4:] == ["1,006 EUR", "333 EUR", "−673 EUR", "1 → 344"]
    assert len(table.heads) == len(table.rows[0])


def test_what_differs_is_listed_without_brackets():
    pairs = {"training_cutoffs": [["2026-01-01", "2026-02-01"], []], "window.as_of": ["None", "2026-07-01"]}
    assert cells(review_tables.changes(reviewed(), pairs)) == [
        ["training cutoffs", "2026-01-01, 2026-02-01", "–"],
        ["window.as_of", "–", "2026-07-01"],
    ]


def test_what_a_change_moves_is_said_in_money():
    assert review_words.moves(reviewed(), content(worth_in_money=500.0), Money("EUR")) == [
        "Predicted for all 9 customers over the 90 days from 2026-01-01: 57,751 EUR by version 3, 57,763 EUR by version 2 (−12.00 EUR). A "
        "higher forecast is no gain.",
        (
            "32 customers enter the tenth with the highest predictions and 1 leave it. Those who enter less those who leave are predicted to bring "
            "+648 EUR by version 3, −747 EUR by version 2."
        ),
        (
            "When it was measured, the best tenth (305 customers) by version 3 brought 34,705 EUR, by version 2 34,546 EUR: +160 EUR (−825 EUR to "
            "+746 EUR), no difference beyond noise."
        ),
        "A gain from 500 EUR on counts as worth a change (review.worth_in_money).",
    ]


def test_the_model_card_says_where_it_comes_from_and_what_it_must_not_be_used_for():
    facts = model_card.facts(content()["card"], content()["money"], [])
    assert facts["Data of its training"] == (
        f"{SCRIPT}: 20,273 rows of 3,214 customers, 2023-07-01 to 2026-06-30, sha256 000000000000"
    )
    assert facts["Learnt from"] == (
        "its purchases before 2026-04-02 only; 12 snapshots, as of 2025-02-06 to 2026-01-02, whose labels end before 2026-04-02; 42 features a "
        "customer"
    )
    assert facts["Measured on"] == "its purchases from 2026-04-02 to 2026-06-30, from which it has not learnt"
    assert facts["Trained"] == f"by {SCRIPT} on 2026-11-22 06:04 UTC, run {SCRIPT}" and "Data of this review" in facts
    same = content()["card"] | {"reviewed_on": DATA | {"sha256": "0" * 64}, "git_commit": None, "trained_by": ""}
    facts = model_card.facts(same, content()["money"], [])
    assert (
        "Data of this review" not in facts
        and facts["Code"].startswith("no commit")
        and "unknown account" in facts["Trained"]
    )
    page = text(reports.review_page(content(), {}))
    for words in (
        "What it must not be used for",
        "credit, prices, eligibility",
        "customers without an order",
        "another horizon",
    ):
        assert words in page


@pytest.mark.parametrize(
    "chains, alone, words",
    [
        (["trees"], False, "boosted trees"),
        (
            ["btyd+trees"],
            True,
            "the probability model of orders and spend (BTYD) alone: too few customers for corrections",
        ),
        (
            ["glm", "trees"],
            False,
            "the mean of 2 models: (1) a linear model (GLM); (2) boosted trees",
        ),
    ],
)
def test_the_recipe_is_said_in_words(chains, alone, words):
    assert model_card.recipe(chains, alone) == words


def test_the_picture_of_differences_says_in_words_how_much_better_the_candidate_is():
    ends = {"value": [-0.6, 0.04, 0.0], "low": [-1.0, 0.03, -0.1], "high": [0.2, 0.05, 0.1], "other": [30.0, 0.9, 0.5]}
    table = pd.DataFrame(ends, index=["rmse", "bias", "r2"])
    svg = picture(reports.difference_chart(table, 0.01, ("Version 3 (candidate)", "Version 2 (Production)")))
    assert svg.startswith(
        '<svg role="img" aria-label="Version 3 (candidate) beside Version 2 (Production): How much better'
    )
    assert "RMSE +2.0 %; total −4.0 points; R2 0.0 %." in svg and "total, in points" in svg


def test_a_page_is_dark_where_the_reader_wants_it_and_prints_what_is_folded_and_the_colours_of_its_badges():
    page = reports.review_page(content(), {})
    assert "prefers-color-scheme: dark" in page and "print-color-adjust: exact" in page
    assert "details::details-content { content-visibility: visible" in page[page.index("@media print") :]


def test_every_metric_of_the_page_is_explained_where_it_is_shown():
    page = reports.review_page(content(), {})
    for sentence in (
        "The normalized Gini says how well the ranking finds the customers who bring the revenue: 0 is random, 1 is perfect.",
        "Bias is predicted over actual revenue of all customers together: 1 (100 %) is right, above it too much was predicted.",
        "The top decile share is the share of all revenue that came from the tenth of the customers with the highest predictions: 10 % is random.",
    ):
        assert sentence in text(page)
    assert set(EXPLAINED) == set(NAMES) == set(SHORT) == set(metrics.METRICS)


def test_a_moment_is_written_as_people_do():
    assert moment("2026-11-27T07:03:42+01:00") == "2026-11-27 06:03 UTC"


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
    assert review_words.measured_on(reviewed(comparable=comparable), evaluation, "123,456") == (
        f"1,000 customers at 2026-01-01, over 90 days from which {who} learnt; they brought 123,456"
    )


def test_what_an_interval_knows_is_said_where_there_is_one():
    assert review_words.interval_words(reviewed(), 0.9).startswith(
        "A difference is version 3 minus version 2 on the same customers, with its paired bootstrap interval (90%)"
    )
    assert review_words.interval_words(reviewed(comparable=False), 0.9).startswith("There is nothing to compare with")


def test_the_ranking_says_who_stays_in_the_top_decile_and_who_is_tied():
    assert review_words.ranking_sentences(content()["ranking"]) == [
        (
            "Of 9 customers as of 2026-01-01, 50 % of the top decile would stay in it, and the ranks correlate by 0.900 (1 is the same order). "
            "Equal predictions share a rank."
        ),
        "60 % of the customers have one and the same prediction by the candidate.",
    ]


def test_the_monitor_is_quoted_with_the_day_of_its_look_or_has_not_looked_yet():
    assert review_words.monitor_sentence(None, "2026-01-01") == "The monitor had not looked at it before this review."
    last = {"run": "ab12", "at": "2026-11-20T09:00:00+00:00", "as_of": "2026-01-01", "verdict": "alarm"}
    last |= {"verdict_reasons": "Feature drift: it moved."}
    said = "Its newest look before this review, on 2026-11-20 09:00 UTC, was at the customers of 2026-01-01 (run ab12). It said: "
    assert review_words.monitor_sentence(last, "2026-01-01") == f"{said}Feature drift: it moved."
    later = (
        f"{said}Feature drift: it moved. This review knows purchases up to 2026-06-30: a later look may say otherwise."
    )
    assert review_words.monitor_sentence(last, "2026-06-30") == later
    first = last | {
        "verdict_reasons": "First look: nothing to compare with. Recent orders: As expected. Feature drift: None of 3 moved."
    }
    assert review_words.monitor_sentence(first, None) == f"{said}First look: nothing to compare with."


@pytest.mark.parametrize(
    "event, words",
    [
        (
            "bootstrap",
            "Version 2 is in production because it was the first (bootstrap): no person has reviewed and promoted it.",
        ),
        ("rollback", "Version 2 is in production by a rollback: no person has promoted it after a review."),
        ("promoted outside the ledger", "Version 2 was put into production without a review, outside the ledger."),
        (None, "Version 2 was put into production without a review, outside the ledger."),
        ("promotion", None),
    ],
)
def test_the_first_screen_says_that_nobody_reviewed_the_version_in_production(event, words):
    known = content(in_production_by={"version": "2", "event": event}, learnt_until={"candidate": "2026-04-02"})
    assert review_words.standing(known) == ([words] if words else [])
    page = reports.review_page(known, {})
    assert words is None or words in text(page[: page.index("<details>")])
    assert review_words.standing(known | {"in_production_by": {"version": None, "event": None}}) == []


@pytest.mark.parametrize(
    "production, words",
    [
        (
            "2026-01-01",
            "Version 3 learnt from newer purchases: those before 2026-04-02, version 2 from those before 2026-01-01.",
        ),
        (
            "2026-05-01",
            "Version 3 learnt from older purchases: those before 2026-04-02, version 2 from those before 2026-05-01.",
        ),
        ("2026-04-02", None),
    ],
)
def test_the_first_screen_says_which_version_learnt_from_newer_purchases(production, words):
    known = content(learnt_until={"candidate": "2026-04-02", "production": production})
    known |= {"in_production_by": {"version": "2", "event": "promotion"}}
    assert review_words.standing(known) == ([words] if words else [])


def test_groups_below_the_promise_are_named_where_all_customers_together_are_above_it():
    def held(name, share):
        return {"group": name, "customers": 1000, "coverage": share, "brought_nothing": 0.807, "mean_width": 25.5}

    rows = [
        held("all", 0.916),
        held("bought again", 0.571),
        held("top decile", 0.793),
        held("active", 0.768),
        held("lost", 0.99),
    ]
    table = review_tables.basis(reviewed(), content(coverage={"candidate": rows, "production": rows}), Money("EUR"))
    assert cells(table)[-1][-1] == (
        "12 points more than promised | but below it: who bought again 57.1 %, the top decile 79.3 %, active 76.8 %"
    )
    known = content(coverage={"candidate": rows, "production": rows})
    words = "More customers are within their interval than promised because 81 % brought nothing: "
    assert review_words.above_promise(known).startswith(words)
    page = text(reports.review_page(known, {}))
    assert words in page[: page.index("What a change moves")]
    assert review_words.above_promise(content()) == ""  # 71 % of 80 %
    rows = [held("all", 0.85), held("active", 0.81)]
    table = review_tables.basis(reviewed(), content(coverage={"candidate": rows, "production": rows}), Money("EUR"))
    assert cells(table)[-1][-1] == "5 points more than promised"


def test_a_difference_of_shares_is_in_points_and_a_difference_of_nothing_has_no_sign():
    measured = [
        metric("spearman", 0.608443, 0.608695, -0.000823, -0.000251, 0.000248, "no clear difference"),
        metric("top_decile_share", 0.6577, 0.6557, -0.0057, 0.002, 0.0091, "no clear difference"),
        metric("bias", 0.9707, 0.9578, -0.0151, -0.0129, 0.0126, "no clear difference"),
    ]
    rows = cells(review_tables.metrics(reviewed(), content(metrics=measured), Money()))
    assert [row[-2:] for row in rows] == [
        ["0.000 (−0.001 to 0.000)", "no clear difference | 0.0 % (−0.1 % to 0.0 %)"],
        ["+0.2 (−0.6 to +0.9) | points", "no clear difference | +0.3 % (−0.9 % to +1.4 %)"],
        [
            "−1.3 (−1.5 to +1.3) | points further from 100 %: below 0 is nearer",
            "no clear difference | 1.3 points nearer to what came (1.5 nearer to 1.3 further)",
        ],
    ]


def test_ranks_that_are_nearly_the_same_are_not_called_the_same():
    ranking = content()["ranking"]
    assert (
        "correlate by more than 0.999 (1" in review_words.ranking_sentences(ranking | {"rank_correlation": 0.9997})[0]
    )
    assert "correlate by 1.000 (1" in review_words.ranking_sentences(ranking | {"rank_correlation": 1.0})[0]


def test_a_list_of_movers_says_how_many_there_are():
    page = text(reports.review_page(content(), {}))
    assert "Who would enter the top decile: the highest 1 of 32 predicted over 90 days (EUR)" in page
    assert "Who would leave the top decile: 1 predicted over 90 days (EUR)" in page


KEEP = "Do nothing: version 2 stays in production."
REJECT, PROMOTE = "reject -P version=3 {who}", "promote -P version=3 {who}"


@pytest.mark.parametrize(
    "advice, changed, steps",
    [
        ("BETTER", {}, [("Promote it:", PROMOTE), ("Or reject it:", REJECT)]),
        (
            "LOOK_FIRST",
            {"against": None},
            [("Look at the deciles and totals below; then promote it:", PROMOTE), ("Or reject it:", REJECT)],
        ),
        *(
            (
                advice,
                {},
                [
                    (KEEP, None),
                    ("Or reject it, which closes this review:", REJECT),
                    ("Or promote it all the same, for another reason:", PROMOTE),
                ],
            )
            for advice in ("NOT_WORTH_IT", "NOT_TOLD_APART")
        ),
        (
            "DO_NOT_PROMOTE",
            {"passed": False},
            [
                ("Reject it, with the reason:", REJECT),
                ("Or promote it despite its gates:", f"{PROMOTE} -P despite_gates=true"),
            ],
        ),
        (
            "NOT_TOLD_APART",
            {"serves": True},
            [("Enter that it stays in production:", PROMOTE), ("Go back to the version before it:", "rollback {who}")],
        ),
        (
            "GO_BACK",
            {"serves": True, "passed": False},
            [
                ("Go back to the version before it:", "rollback {who}"),
                ("Enter that it stays in production:", f"{PROMOTE} -P despite_gates=true"),
            ],
        ),
        (
            "GO_BACK",
            {"serves": True, "passed": False, "against": None},
            [
                ("Put another version into production:", "promote -P version=N {who}"),
                ("Enter that it stays in production:", f"{PROMOTE} -P despite_gates=true"),
            ],
        ),
    ],
)
def test_the_first_of_the_next_steps_is_what_is_recommended(advice, changed, steps):
    who = "-P reviewer=NAME -P reason=WHY"
    shown = [(step.text, step.command) for step in review_words.next_steps(reviewed(**changed), advice)]
    assert shown == [(words, command and "mlflow run . -e " + command.format(who=who)) for words, command in steps]


def test_a_step_without_a_command_shows_none():
    page = reports.review_page(content(advice="NOT_TOLD_APART"), {})
    assert f"<li>{KEEP}</li>" in page


def test_a_print_on_a4_has_small_tables_that_wrap():
    css = reports.review_page(content(), {})
    css = css[css.index("@media print") :]
    assert "table { font-size: 8pt }" in css and "white-space: normal" in css


@pytest.mark.parametrize(
    "events, found",
    [
        ([], None),
        (["bootstrap"], "bootstrap"),
        (["bootstrap", "promotion"], "promotion"),  # a person reviewed it later
        (["promotion", "rollback"], "promotion"),
        (["bootstrap", "rollback"], "rollback"),
        (["promoted outside the ledger"], "promoted outside the ledger"),
        (["rejection"], None),
    ],
)
def test_a_version_came_by_a_promotion_where_it_ever_had_one(events, found):
    assert (
        ledger.came_by([{"event": event, "to": "1"} for event in events] + [{"event": "promotion", "to": "2"}], "1")
        == found
    )
