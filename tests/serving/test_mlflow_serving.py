"""`mlflow models serve` and `mlflow models predict` on the version in production: its example, purchases, rows of features."""

import json
import subprocess
import sys
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from processes import mlflow_serving, post
from test_serving import purchases, same, scored

from clv.registry import versions
from clv.registry.standing import Standing

pytestmark = pytest.mark.slow
URI = "models:/clv@production"


def example(folder):
    path = Path(mlflow.artifacts.download_artifacts(URI)) / "serving_input_example.json"
    return json.loads(path.read_text()), path


def test_the_example_purchases_and_features_are_answered_as_score_answers(copied):
    expected = scored(copied)
    with mlflow_serving(copied.folder, URI) as address:
        content, _ = example(copied.folder)
        status, answer = post(address, content, "invocations")
        assert status == 200, answer
        assert [row["customer_id"] for row in answer["predictions"]] == ["new", "regular", "returns"]
        assert {row["as_of"] for row in answer["predictions"]} == {content["params"]["as_of"]}
        rows = purchases(copied).to_dict("records")
        params = {"params": {"as_of": expected["as_of"].iloc[0]}}
        same(post(address, {"dataframe_records": rows} | params, "invocations")[1]["predictions"], expected)
        table = pd.read_parquet(copied.outputs / "clv_features.parquet")
        split = json.loads(table.to_json(orient="split", index=False, double_precision=15))
        found = pd.DataFrame(post(address, {"dataframe_split": split}, "invocations")[1]["predictions"])
        same(found.merge(expected[["customer_id", "orders", "revenue_total", "last_order"]]), expected)
        status, refused = post(address, {"dataframe_records": rows[:1]} | {"params": {"as_of": "soon"}}, "invocations")
        assert status == 400 and "as_of='soon' is not a day written YYYY-MM-DD" in json.dumps(refused)
    version = Standing("clv").existing("1")
    assert versions.load(version)  # no file was added to it


def test_the_command_line_predicts_from_the_example(copied):
    _, path = example(copied.folder)
    words = [sys.executable, "-m", "mlflow", "models", "predict", "-m", URI, "-i", str(path), "--env-manager", "local"]
    result = subprocess.run(words, capture_output=True, text=True, cwd=copied.folder)
    assert result.returncode == 0, result.stderr[-2000:]
    answer = json.loads(result.stdout[result.stdout.index("{") :])
    assert [row["customer_id"] for row in answer["predictions"]] == ["new", "regular", "returns"]
