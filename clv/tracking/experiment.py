"""Which experiment holds the runs of a model: the one place that knows it, and what the experiment's page says."""

import os

from clv import hints
from clv.tracking import server, views
from clv.tracking.server import client

DEFAULT = "0"  # MLflow's Default: `mlflow run` opens runs there unasked, and the runs of earlier engines are there
_DEFAULT_NAME = "Default"
_NOTE = "mlflow.note.content"
_PAGE = """**Model `{name}`.** To compare trainings, open **Views**, *Trainings*. To promote one: unfold this text.

- **Which training is better?** *Trainings* shows recipe, gates, standing beside Production, on whom it was measured, and four metrics of each. Compare an error only with one of the same days; `rmse_change` always is. Every other figure is in `metrics/` of the run. A pipeline's steps are folded into its row.
- **Should it go into production?** Open a training (its name is like `v10 blend 90d`), then `review/` in its artifacts.
- **Is the version in production still right?** Open a monitor (its name is like `v2 monitor 2026-07-01`), then `outputs/monitoring/` in its artifacts.
- **To promote**, a person types `{promote}`, or sets the alias `production` on the model's page. The blue button **Promote model** is another thing: it copies the version to another model, and nothing is scored with it.
"""


def place(name: str) -> dict[str, str | None]:
    """Returns id and name of the experiment for the runs of a model: what the environment chooses, else the model's own.

    The id is None where the server was not asked for it yet. Default is never chosen by its number: `mlflow run` says it unasked.
    """
    chosen, number = os.environ.get("MLFLOW_EXPERIMENT_NAME"), os.environ.get("MLFLOW_EXPERIMENT_ID")
    if number and number != DEFAULT:
        return {"experiment": number, "experiment_name": chosen}
    return {"experiment": None, "experiment_name": chosen or name}


def is_chosen() -> bool:
    """Returns whether somebody chose the experiment of the run that `mlflow run` opened."""
    return bool(os.environ.get("MLFLOW_EXPERIMENT_NAME")) or os.environ.get("MLFLOW_EXPERIMENT_ID") != DEFAULT


def of_mlflow() -> list[str]:
    """Returns the ids of the experiments where `mlflow run` may have opened a run."""
    chosen = place(_DEFAULT_NAME)
    named = chosen["experiment_name"] if chosen["experiment_name"] != _DEFAULT_NAME else None
    number = chosen["experiment"] or found(named)
    return list(dict.fromkeys([number or DEFAULT, DEFAULT]))


def found(name: str | None) -> str | None:
    """Returns the id of the experiment of that name; None where there is none."""
    experiment = client.get_experiment_by_name(name) if name else None
    return experiment.experiment_id if experiment else None


def made(name: str) -> str:
    """Returns the id of the experiment of that name, which is made if need be; its page says what to open, unless it says something already."""
    from mlflow import MlflowClient

    store = MlflowClient()
    tags = {_NOTE: _PAGE.format(name=name, promote=hints.promote("N")), **views.tags()}

    def find() -> str | None:
        experiment = store.get_experiment_by_name(name)
        if experiment is None:
            return None
        for key, value in tags.items() if _NOTE not in experiment.tags and name != _DEFAULT_NAME else ():
            store.set_experiment_tag(experiment.experiment_id, key, value)
        return experiment.experiment_id

    return server.once(find, lambda: store.create_experiment(name, tags=tags))


def searched(current: str | None, model: str | None) -> list[str]:
    """Returns the ids of all experiments where runs of a model may be: that of this command, the model's own, and Default.

    Args: current: id of the experiment of the command.   model: name of the experiment of the model, if it is another one.
    """
    ids = (current, found(model), DEFAULT)
    return list(dict.fromkeys(each for each in ids if each))
