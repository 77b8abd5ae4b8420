"""A version asked for some customers, through MLflow's interface and through the service: the numbers of `score`, and refusals in words."""

import asyncio
import datetime as dt
import json
import shutil
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import mlflow
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from helpers import CONNECTION, RANKED, day, history, read
from test_features import LIFECYCLE, wave

from clv import features
from clv.compute import connect
from clv.data import Contract, take
from clv.errors import InputError
from clv.features import Definition, Prepared
from clv.registry import versions
from clv.registry.standing import Standing
from clv.scorer import Scorer
from clv.season import NONE
from clv.service import Limits, Watch, app, application

NUMBERS = ["predicted_clv", "predicted_clv_low", "predicted_clv_high", "p_alive", "p_buy", "expected_orders"]
PAST = ["orders", "revenue_total", "last_order", "lifecycle_stage"]


def watching(project):
    watch = Watch(Standing("clv"), project.outputs, require_record=False, patience=2, pinned=1)
    watch.look()
    return watch


LIMITS = Limits(workers=2, waiting=4, max_body_mb=1, max_rows=5000, body_seconds=0.2, look_seconds=3600)


def asking(watch):
    return TestClient(application(watch, LIMITS))


async def answered(app, state, path, receive):
    """What the application sends, when the server gives it what `receive` gives."""
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST" if path == "/predict" else "GET", "path": path, "state": dict(state)}
    await app(scope | {"headers": [], "query_string": b""}, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), json.loads(sent[1]["body"])


@pytest.fixture
def service(trained):
    with asking(watching(trained)) as client:
        yield client


@pytest.fixture
def loaded(trained, tmp_path):
    """What MLflow makes of a copy of version 1: it writes a note into a folder that it loads."""
    stored = versions.fetched(Standing("clv").existing("1"), versions.MODEL)
    return mlflow.pyfunc.load_model(str(shutil.copytree(stored, tmp_path / "stored")))


def purchases(project):
    return pd.read_csv(project.folder / "history.csv", dtype={"customer_id": str})


def scored(project):
    return read(project.outputs / RANKED).sort_values("customer_id", ignore_index=True)


def body(rows, **more):
    return {"purchases": rows.to_dict("records")} | more


def ask(service, rows, **more):
    answer = service.post("/predict", json=body(rows, **more))
    assert answer.status_code == 200, answer.text
    return answer.json()


def same(found, expected):
    found, columns = pd.DataFrame(found), ["customer_id", *NUMBERS, *PAST]
    pd.testing.assert_frame_equal(
        found[columns], expected[columns].reset_index(drop=True), check_dtype=False, rtol=0, atol=1e-9
    )


def test_mlflow_gives_every_customer_the_scores_of_score_from_purchases_or_features(trained, loaded):
    expected = scored(trained)
    as_of = expected["as_of"].iloc[0]
    found = loaded.predict(purchases(trained).sample(frac=1, random_state=1), params={"as_of": as_of})
    same(found, expected)
    run_id = Standing("clv").existing("1").run_id
    known = ["as_of", "recipe", "learnt_until", "horizon_days", "run_id"]
    assert found[known].drop_duplicates().to_numpy().tolist() == [[as_of, "blend", "2025-10-02", 90, run_id]]
    table = pd.read_parquet(trained.outputs / "clv_features.parquet")
    same(loaded.predict(table).merge(expected[["customer_id", *PAST[:3]]]), expected)


def test_the_service_gives_the_same_and_one_customer_the_same_as_a_thousand(trained, service):
    expected = scored(trained)
    rows, as_of = purchases(trained), expected["as_of"].iloc[0]
    everybody = ask(service, rows, as_of=as_of)
    same(everybody["predictions"], expected)
    assert (everybody["version"], everybody["alias"], everybody["as_of"]) == ("1", "production", as_of)
    for customer in expected["customer_id"].iloc[[0, 100, -1]]:
        alone = ask(service, rows[rows["customer_id"] == customer], as_of=as_of, version="1")
        assert alone["predictions"] == [one for one in everybody["predictions"] if one["customer_id"] == customer]


MADE_UP = [
    ("ann", "2025-01-05", 20.0),
    ("ann", "2025-03-05", 30.5),
    ("ann", "2025-03-05", 4.5),
    ("ann", "2025-06-01", -35.0),
    ("bob", "2025-05-20", 12.3456),
    ("bob", "2025-05-20", -2.0),
    ("00042", "2024-12-31", 7),
    ("42", "2025-06-30", 1_000_000),
    ("returns", "2025-02-01", -5.0),
]
COLUMNS = ["customer_id", "order_date", "revenue"]


@pytest.mark.parametrize("season", [NONE, wave(0.6, 1.0, 0.3)], ids=["calendar", "season"])
@pytest.mark.parametrize("others", [[], [("Käthe van Dyke", "2025-01-01", 1.0)]], ids=["plain", "judged"])
def test_the_feature_table_is_that_of_a_history_to_the_last_bit(season, others):
    rows = MADE_UP + others
    definition = Definition.within(800, [7, 30, 90, 365], [30, 365], 90, LIFECYCLE, season)
    cutoff = day("2025-07-01")
    expected = features.snapshot(features.history(history(*rows), season), cutoff, definition)
    connection = connect({"threads": 1}, None)
    take(
        pd.DataFrame(rows, columns=COLUMNS),
        Contract(dict(zip(COLUMNS, COLUMNS, strict=True)), "2100-01-01"),
        connection,
        "rows",
    )
    pd.testing.assert_frame_equal(Prepared(connection, definition).snapshot(cutoff), expected)


@pytest.mark.parametrize(
    "rows, message",
    [
        (
            [("ann", "soon", 5.0), ("bob", "2025-01-01", 2.0)],
            "[UNREADABLE_ROWS] 1 of 2 rows of the rows cannot be read: 1 x order_date is not a day written YYYY-MM-DD, first row 1: 'soon' -- fix: mend",
        ),
        ([("ann", "2025-01-01", "5,0")], "1 x revenue is not a number like -1234.50, first row 1: '5,0'"),
        ([("", "2025-01-01", 5.0)], "1 x customer_id is missing, first row 1: ''"),
        ([("ann", "2100-01-01", 5.0)], "1 x order_date lies in the future, first row 1: '2100-01-01'"),
        (
            [("1e+15", "2025-01-01", 5.0)],
            "[FLOAT_IDS] 1 rows have ids that a tool turned into floats, for example '1e+15', the rows:1, customer_id -- fix",
        ),
        ([], "[NO_ROWS] the rows have no row -- fix: give every order and return"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_by_its_number_and_value(rows, message):
    contract = Contract(dict(zip(COLUMNS, COLUMNS, strict=True)), "2100-01-01", decimal=".")
    with pytest.raises(InputError) as error:
        take(pd.DataFrame(rows, columns=COLUMNS), contract, CONNECTION.cursor(), "the rows")
    assert message in str(error.value)


ONE = {"customer_id": "ann", "order_date": "2025-01-05", "revenue": 20}
REFUSED = {
    "no json": (b"{", 400, "[REQUEST] body: Invalid JSON"),
    "no purchases": ({}, 400, "[REQUEST] purchases: Field required -- fix: send {"),
    "another field": ({"purchases": [ONE | {"name": "Ann"}]}, 400, "purchases.0.name: Extra inputs are not permitted"),
    "an address": ({"purchases": [ONE], "version": "models:/x/1"}, 400, "version: String should match pattern"),
    "a number in other signs": ({"purchases": [ONE], "version": "1\u0661"}, 400, "version: String should match pattern"),
    "no object": ([ONE], 400, "[REQUEST] body: Input should be"),
    "a long name": ({"purchases": [ONE | {"n" * 500: 1}]}, 400, f"[REQUEST] purchases.0.{'n' * 80}: Extra inputs"),
    "many rows": ({"purchases": [ONE, {}, {}]}, 400, "[REQUEST] purchases.1.customer_id: Field required; purchases.1.order_date: Field required; purchases.1.revenue: Field required -- fix"),
    "the last of days": ({"purchases": [ONE], "as_of": "9999-12-31"}, 422, "of the years 1990 to 2199 -- fix: write it like 2026-07-01"),
    "no such version": ({"purchases": [ONE], "version": "9"}, 404, "Model clv has no version 9; it has 1"),
    "no day": ({"purchases": [ONE], "as_of": "1.7.2025"}, 422, "[AS_OF] as_of='1.7.2025' is not a day written YYYY-MM-DD, of the years 1990 to 2199 -- fix: did you mean 2025-07-01?"),
    "not a number": ({"purchases": [ONE | {"revenue": "much"}]}, 422, "first row 1: 'much'"),
    "infinite": (b'{"purchases": [{"customer_id": "ann", "order_date": "2025-01-05", "revenue": Infinity}]}', 422, "1 x revenue is not finite"),
    "later": ({"purchases": [ONE], "as_of": "2025-01-05"}, 422, "[NO_CUSTOMERS] None of 1 customer ordered before 2025-01-05, so there is nobody to score (1 row from that day on"),
    "only returns": ({"purchases": [ONE | {"revenue": -1}]}, 422, "[NO_CUSTOMERS] None of 1 customer ordered before"),
    "too many rows": ({"purchases": [ONE] * 5001}, 413, "[TOO_LARGE] 5,001 purchases; at most 5,000"),
    "too large": (b" " * 1_000_001, 413, "[TOO_LARGE] more than 1 MB"),
}  # fmt: skip


def test_a_request_that_cannot_be_answered_gets_a_code_and_a_sentence(service):
    for name, (content, status, message) in REFUSED.items():
        answer = service.post("/predict", content=content if isinstance(content, bytes) else json.dumps(content))
        assert answer.status_code == status and message in answer.json()["message"], (name, answer.text)
        assert answer.json()["code"] in answer.json()["message"] or status == 404


HUGE = {
    "too many rows": (b"{}," * 300_000 + b"{}", r"\[TOO_LARGE\] 300,001 purchases"),
    "wrong rows": (b"{}," * 50_000 + b"{}", r"purchases\.0\.customer_id: Field required"),
    "other fields": (
        json.dumps({str(n): n for n in range(80_000)}).encode(),
        r"purchases\.0\.customer_id: Field required",
    ),
}


@pytest.mark.parametrize("rows, message", HUGE.values(), ids=HUGE)
def test_a_wrong_request_costs_the_same_however_much_of_it_is_wrong(rows, message):
    tracemalloc.start()
    try:
        with pytest.raises(app._Refused, match=message):
            app._read(b'{"purchases": [' + rows + b"]}", 100_000)
        assert tracemalloc.get_traced_memory()[1] < 40e6
    finally:
        tracemalloc.stop()


def test_a_request_that_does_not_come_is_ended_and_others_beyond_the_limit_are_refused_while_health_answers(trained):
    service = application(watching(trained), LIMITS)

    async def never():
        await asyncio.sleep(60)

    async def gone():
        return {"type": "http.disconnect"}

    async def several():
        async with service.router.lifespan_context(service) as state:
            open_ones = [asyncio.create_task(answered(service, state, "/predict", never)) for _ in range(4)]
            await asyncio.sleep(0.05)
            more, health = [await answered(service, state, path, never) for path in ("/predict", "/health")]
            ended = await asyncio.gather(*open_ones)
            return more, health, ended, await answered(service, state, "/predict", gone)

    more, health, ended, left = asyncio.run(several())
    assert (more[0], more[2]["code"]) == (503, "BUSY") and (health[0], health[2]["ok"]) == (200, True)
    assert {(status, content["code"]) for status, _, content in ended} == {(408, "SLOW_BODY")}
    assert all(headers[b"connection"] == b"close" for _, headers, _ in ended)
    assert (left[0], left[2]["code"]) == (400, "REQUEST")


def test_a_day_that_lies_ahead_is_scored_with_a_warning(service):
    today = dt.datetime.now(dt.UTC).date()
    assert ask(service, pd.DataFrame([ONE]))["warnings"] == []
    ahead = ask(service, pd.DataFrame([ONE]), as_of=str(today + dt.timedelta(days=1000)))["warnings"]
    assert ahead == ["as_of lies 1,000 days ahead: the customers are scored as if none of them ordered until then"]


def test_a_table_in_mlflow_is_of_purchases_or_of_features_and_its_index_may_repeat(trained, loaded):
    table = pd.read_parquet(trained.outputs / "clv_features.parquet").head(4)
    bought = purchases(trained).head(3)
    twice = loaded.predict(pd.concat([table, table]))
    alone = loaded.predict(table)
    assert twice.index.tolist() == [*table.index] * 2
    pd.testing.assert_frame_equal(twice, pd.concat([alone, alone]))
    for mixed in (pd.concat([bought, table]), table.assign(order_date="2025-01-05")):
        with pytest.raises(Exception, match=r"\[FEATURE_TYPE\] the table has purchases \(order_date\) and \d+ columns"):
            loaded.predict(mixed)
    pd.testing.assert_frame_equal(loaded.predict(table.assign(order_date=None)), alone)
    with pytest.raises(Exception, match=r"\[NO_ROWS\] The feature table has no row"):
        loaded.predict(table.head(0))


def test_customers_without_an_order_before_the_day_are_named_and_the_others_scored(service):
    rows = [ONE, ONE | {"customer_id": "later", "order_date": "2025-08-01"}, ONE | {"customer_id": 7, "revenue": -3}]
    answer = service.post("/predict", json={"purchases": rows, "as_of": "2025-07-01"}).json()
    assert [one["customer_id"] for one in answer["predictions"]] == ["ann"]
    assert (answer["not_scored"], answer["later_rows"]) == (["7", "later"], 1)
    assert answer["warnings"] == [
        "the version learnt from revenue up to 2025-10-02: scores as of 2025-07-01 know the future"
    ]


def test_health_and_version_say_what_answers(service):
    health = service.get("/health").json()
    assert health.pop("loaded_at") and health == {
        "ok": True,
        "version": "1",
        "alias": "production",
        "learnt_until": "2025-10-02",
        "tracking_server": True,
        "problem": None,
    }
    assert service.get("/version").json()["recipe"] == "blend"


def test_while_the_tracking_server_is_away_the_loaded_version_answers_and_where_none_is_in_production_none_does(
    copied, monkeypatch
):
    watch = watching(copied)
    with asking(watch) as service:
        with monkeypatch.context() as away:
            away.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
            watch.look()
            health = service.get("/health").json()
            assert (health["ok"], health["tracking_server"]) == (True, False) and "does not answer" in health["problem"]
            assert ask(service, pd.DataFrame([ONE]))["version"] == "1"
        mlflow.MlflowClient().delete_registered_model_alias("clv", "production")
        watch.look()
        assert service.get("/health").status_code == 503
        refused = service.post("/predict", json={"purchases": [ONE]})
        assert (refused.status_code, refused.json()["code"]) == (503, "NO_VERSION")
        assert "No version of model clv is in production" in refused.json()["message"]
        assert ask(service, pd.DataFrame([ONE]), version="1")["alias"] == ""
        mlflow.MlflowClient().delete_model_version("clv", "1")
        watch.look()
        assert service.post("/predict", json={"purchases": [ONE], "version": "1"}).json()["code"] == "VERSION"


def test_a_version_whose_files_were_changed_is_not_loaded_and_the_one_before_goes_on(copied):
    watch = watching(copied)
    files = versions.fetched(Standing("clv").existing("1"), versions.MODEL)
    (files / "artifacts/clv_model/model.json").write_text("{}")
    fresh = watching(copied)
    assert fresh.production is None and "is not what was registered: 1 of" in fresh.problem
    watch.look()
    with asking(watch) as service:
        assert ask(service, pd.DataFrame([ONE]))["version"] == "1"


def test_what_went_wrong_inside_is_logged_without_the_values(trained, capsys):
    watch = watching(trained)
    watch.production = replace(watch.production, scorer=None)
    with asking(watch) as service:
        answer = service.post("/predict", json={"purchases": [ONE | {"customer_id": "secret"}]})
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
    said = "".join(capsys.readouterr())
    assert "AttributeError" in said and "loaded.py" in said and "secret" not in said


def test_several_at_once_get_what_each_asked_for(trained):
    version, rows = Standing("clv").existing("1"), purchases(trained)
    scorer, ids = Scorer(versions.load(version), version.definition), sorted(rows["customer_id"].unique())[:24]
    one = lambda customer: scorer.of_purchases(rows[rows["customer_id"] == customer], "2026-01-01").scores  # noqa: E731
    with ThreadPoolExecutor(4) as pool:
        found = pd.concat(pool.map(one, ids), ignore_index=True)
    expected = scorer.of_purchases(rows[rows["customer_id"].isin(ids)], "2026-01-01").scores
    pd.testing.assert_frame_equal(found, expected)
