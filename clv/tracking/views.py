"""Views of the list of runs, which MLflow's button "Views" opens. MLflow keeps each as a tag of the experiment: a JSON text, deflated."""

import base64
import json
import zlib
from typing import Any

HEADLINE = (  # the metrics that tell trainings apart; every other figure of a run is in its metrics/
    *("rmse", "rmse_change"),  # the change from the version in production, on the same customers
    *("normalized_gini", "bias"),
)
_TRAININGS = "mlflow.sharedViewState.clv_trainings"
_MADE = 1_780_000_000_000  # milliseconds since 1970; a fixed day, because the text must not change from run to run
_WIDTHS = {  # column -> pixels, in their order: all of them fit a screen of 1440
    "attributes.`Run Name`": 182,
    "runDateAndNestInfo": 40,
    "tags.`recipe`": 90,
    "tags.`gates`": 68,
    "tags.`standing`": 95,
    "tags.`measured`": 250,  # an error of one horizon says nothing beside an error of another one
    **{f"metrics.`{name}`": width for name, width in zip(HEADLINE, (68, 96, 112, 88), strict=True)},
    "duration": 80,
}
_COLUMNS = [name for name in _WIDTHS if name.startswith(("tags.", "metrics."))]


def tags() -> dict[str, str]:
    """Returns the tags of an experiment that has the view "Trainings": a row a training, newest first."""
    return {_TRAININGS: _packed("Trainings", "tags.step = 'train'", _COLUMNS)}


def _packed(name: str, condition: str, columns: list[str]) -> str:
    state: dict[str, Any] = {
        "searchFilter": condition,
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": columns,
        "columnOrder": list(_WIDTHS),
        "columnWidths": _WIDTHS,
        "runsHiddenMode": "FIRST_20_RUNS",
        "hideEmptyCharts": True,
    }
    deflated = base64.b64encode(zlib.compress(json.dumps(state).encode())).decode()
    return json.dumps({"name": name, "createdAt": _MADE, "state": f"deflate;{deflated}"})
