"""The page that people open first, and the lists beside it."""

import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from helpers import person, read

from clv.errors import UserError
from clv.run import run_command

RANKED, CLUSTERED, CONTACTS = "clv_ranked_predictions.csv", "clv_clustered_customers.csv", "clv_contact_list.csv"

CAMPAIGN = ("economics=campaign", "economics.contact_cost=0.5")


class Numbers(HTMLParser):
    """Every number of a page: the value that its <data> element holds, and the text that a person reads."""

    def __init__(self, page):
        super().__init__()
        self.found, self._value, self.other = [], None, []
        self._hidden = 0
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self._value = dict(attributes)["value"] if tag == "data" else self._value
        self._hidden += tag in ("style", "svg", "title")

    def handle_endtag(self, tag):
        self._value = None if tag == "data" else self._value
        self._hidden -= tag in ("style", "svg", "title")

    def handle_data(self, text):
        if self._value is not None:
            self.found.append((float(self._value), text))
        elif not self._hidden:
            self.other.append(text)


def numbers(outputs):
    return Numbers((outputs / "report.html").read_text()).found


def columns(outputs):
    """Every number of the tables beside the page."""
    tables = [pd.read_csv(path) for path in [*outputs.glob("report/*.csv"), *outputs.glob("clv_*.csv")]]
    return {value for table in tables for name in table.select_dtypes("number") for value in table[name].dropna()}


@pytest.fixture(scope="module")
def campaign(pipeline, tmp_path_factory):
    """A copy of the project whose report knows what a contact costs."""
    from projects import copy_of

    with copy_of(pipeline, tmp_path_factory) as project:
        run_command("report", project.config(*CAMPAIGN))
        yield project


def test_every_number_of_the_page_stands_in_a_table_beside_it(trained, campaign):
    for outputs in (trained.outputs, campaign.outputs):
        known = columns(outputs)
        strangers = [pair for pair in numbers(outputs) if not any(abs(pair[0] - value) < 1e-6 for value in known)]
        assert strangers == [] and len(numbers(outputs)) > 100


def test_what_a_person_reads_is_the_number_rounded(trained):
    for value, text in numbers(trained.outputs):
        shown = float(re.sub(r"[^\d.-]", "", text)) / (100 if "%" in text else 1)
        assert abs(shown) == pytest.approx(abs(value), rel=0.06, abs=0.51), text


def test_the_headline_is_the_sum_of_the_ranking_with_its_interval(trained):
    figures = read(trained.outputs / "report/figures.csv").set_index("figure")["value"].astype(float)
    scores = pd.read_csv(trained.outputs / RANKED)
    assert figures["predicted"] == pytest.approx(scores["predicted_clv"].sum())
    assert figures["predicted_low"] < figures["predicted"] < figures["predicted_high"]
    assert numbers(trained.outputs)[0][0] == pytest.approx(figures["predicted"])


def test_the_horizon_before_is_measured_on_days_that_the_version_has_not_learnt_from(trained):
    figures = read(trained.outputs / "report/figures.csv").set_index("figure")["value"].astype(float)
    history = pd.read_csv(trained.folder / "history.csv", dtype={"customer_id": str})
    inside = history[history["order_date"].between("2025-10-02", "2025-12-30")]
    known = set(history.loc[(history["order_date"] < "2025-10-02") & (history["revenue"] > 0), "customer_id"])
    came_in = inside.loc[inside["customer_id"].isin(known), "revenue"].sum()
    assert figures["back_actual"] == pytest.approx(came_in) and figures["last_from_known"] == pytest.approx(came_in)
    assert figures["last_from_all"] == pytest.approx(inside["revenue"].sum())
    assert figures["back_bias"] == pytest.approx(figures["back_predicted"] / figures["back_actual"])


def test_a_customer_is_in_one_segment_and_every_segment_has_a_file(trained):
    clustered = read(trained.outputs / CLUSTERED)
    files = {path.stem: read(path) for path in (trained.outputs / "segments").glob("*.csv")}
    assert set(files) == {name.replace(", ", "_").replace(" ", "_") for name in clustered["segment"].unique()}
    assert sorted(pd.concat(files.values())["customer_id"]) == sorted(clustered["customer_id"])
    assert all(rows["segment"].nunique() == 1 for rows in files.values())


def test_the_page_says_that_nobody_reviewed_the_first_version(trained):
    assert (
        "nobody reviewed it: it is in production because it was the first"
        in (trained.outputs / "report.html").read_text()
    )


def test_lists_of_segments_that_are_empty_today_do_not_stay(copied):
    (copied.outputs / "current/segments/gone_value_new.csv").write_text("customer_id\nann\n")
    run_command("report", copied.config())
    assert not (copied.outputs / "segments/gone_value_new.csv").exists()


def test_without_the_cost_of_a_contact_there_is_no_profit_and_no_list_and_the_page_says_so(trained):
    assert not (trained.outputs / CONTACTS).exists()
    assert "The economics of a contact are not known" in (trained.outputs / "report.html").read_text()


def test_the_list_of_contacts_ends_where_a_contact_does_not_earn_its_cost(campaign):
    contacts, scores = pd.read_csv(campaign.outputs / CONTACTS), pd.read_csv(campaign.outputs / RANKED)
    worth = 0.05 * 0.4 * (1 - 0.0094)  # the response, the margin, and money that comes in over 90 days at 8 % a year
    assert len(contacts) == pytest.approx((scores["predicted_clv"] * worth > 0.5).sum(), abs=1)
    assert 0 < len(contacts) < len(scores)
    figures = read(campaign.outputs / "report/figures.csv").set_index("figure")["value"].astype(float)
    assert contacts["predicted_clv"].min() > figures["break_even"] >= scores["predicted_clv"].iloc[len(contacts)]
    assert contacts["customer_id"].tolist() == scores["customer_id"].head(len(contacts)).tolist()


def test_a_contact_that_adds_nothing_is_worth_nobody_and_the_page_is_made_all_the_same(copied):
    run_command("report", copied.config("economics=campaign", "economics.response=0"))
    assert len(read(copied.outputs / CONTACTS)) == 0
    assert "with the best 0 customers" in re.sub("<[^>]*>", "", (copied.outputs / "report.html").read_text())


def test_a_scoring_of_today_does_not_keep_the_page_and_the_lists_of_before(campaign, tmp_path_factory):
    from projects import copy_of

    with copy_of(campaign, tmp_path_factory) as project:
        run_command("score", project.config())
        left = {path.name for path in project.outputs.iterdir()}
    assert not left & {"report.html", "report", "segments", CONTACTS}


def test_the_report_refuses_clusters_of_another_day(copied):
    with pytest.raises(UserError, match="The clusters are of version 1 as of 2025-12-31; .* the day is 2025-12-01"):
        run_command("report", copied.config("window.as_of=2025-12-01"))


def test_ids_stand_on_the_page_only_where_they_may_be_logged(copied):
    customer = pd.read_csv(copied.outputs / RANKED, dtype=str)["customer_id"].iloc[0]
    assert customer in (copied.outputs / "report.html").read_text()
    run_command("report", copied.config("tracking.log_customer_ids=false"))
    assert customer not in (copied.outputs / "report.html").read_text()
    assert "customer_id" not in read(copied.outputs / "report/customers.csv")


def test_the_run_of_the_pipeline_has_the_page_among_its_own_files(trained):
    import mlflow

    run = mlflow.search_runs(
        filter_string="tags.step = 'full_pipeline'", output_format="list", search_all_experiments=True
    )[0]
    assert [file.path for file in mlflow.artifacts.list_artifacts(run_id=run.info.run_id, artifact_path="outputs")] == [
        "outputs/report.html"
    ]


def test_a_second_scoring_says_what_changed_and_the_parts_sum_to_the_difference(copied):
    for command in ("score", "cluster", "rank_clusters", "report"):
        run_command(command, copied.config("window.as_of=2026-01-10"))
    figures = read(copied.outputs / "report/figures.csv").set_index("figure")["value"].astype(float)
    parts = ["new_customers", "season", "passing_time", "new_orders", "model_version", "corrected_history"]
    difference = figures["change_predicted_after"] - figures["change_predicted_before"]
    assert figures["change_days"] == 10 and figures["change_total"] == pytest.approx(difference)
    assert sum(figures[f"change_{part}"] for part in parts) == pytest.approx(difference, abs=1e-3)
    assert figures["change_predicted_after"] == pytest.approx(figures["predicted"], abs=1e-3)


def test_a_version_that_learnt_from_the_last_horizon_is_not_measured_on_it(copied):
    for command in ("score", "cluster", "rank_clusters", "report"):
        run_command(command, copied.config("window.as_of=2025-12-01"))
    figures = read(copied.outputs / "report/figures.csv")["figure"].tolist()
    assert not [name for name in figures if name.startswith("back_")]
    assert "It cannot be measured yet" in (copied.outputs / "report.html").read_text()
    assert set(read(copied.outputs / "report/budget.csv")["order"]) == {"expected"}


def test_the_version_before_is_one_of_the_rankings_that_are_compared(governed_project):
    governed, outputs = governed_project.config, governed_project.outputs
    run_command("promote", governed(*person("2", despite_gates="true")))
    for command in ("score", "cluster", "rank_clusters", "report"):
        run_command(command, governed())
    assert set(read(outputs / "report/budget.csv")["order"]) == {
        *("expected", "this version", "past spend", "the version before")
    }
    page = (outputs / "report.html").read_text()
    assert "last time, by the version before" in page and "promoted by Ann Lee on " in page
