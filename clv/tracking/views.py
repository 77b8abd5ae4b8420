"""Views of the list of runs, which MLflow's button "Views" opens. MLflow keeps each as a tag of the experiment: a JSON text, deflated."""

import base64
import json
import zlib
from typing import Any

HEADLINE = (  # the metrics that tell trainings apart; every other figure of a run is in its metrics/
    *("rmse", "normalized_gini", "bias", "coverage"),
    *("rmse_change", "rmse_change_low", "rmse_change_high"),  # from the version in production
)
_TRAININGS = "mlflow.sharedViewState.clv_trainings"
_MADE = 1_780_000_000_000  # milliseconds since 1970; a fixed day, because the text must not change from run to run
_WIDTHS = {  # column -> pixels, in their order: all of them fit a screen of 1440
    "attributes.`Run Name`": 160,
    "runDateAndNestInfo": 40,
    "tags.`recipe`": 105,
    "tags.`gates`": 68,
    "tags.`standing`": 95,
    **{f"metrics.`{name}`": width for name, width in zip(HEADLINE, (68, 105, 78, 74, 90, 110, 112), strict=True)},
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
