"""The model behind MLflow's generic interface: `mlflow.pyfunc.load_model` and `mlflow models serve` run this file.

All that it runs is source whose digests the version holds. Python would run compiled code that somebody put beside the source in place of
it, and leave some there itself.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import Model, set_model
from mlflow.pyfunc import PythonModel, PythonModelContext


class Served(PythonModel):
    """All purchases of some customers in, or rows of the feature table; scores with their intervals out, and which version gave them."""

    def load_context(self, context: PythonModelContext) -> None:
        files = Path(context.artifacts["clv_model"])
        with _from_source(Path(__file__).parent):
            from clv.features import Definition
            from clv.model.files import load
            from clv.scorer import Scorer, known

            logged = Model.load(str(files.parents[1]))
            facts = (logged.metadata or {})["clv"]
            self._scorer = Scorer(load(files), Definition.from_dict(facts["definition"]))
            self._known = known(facts, logged.run_id or "")

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Purchases have an order_date, and all of them belong in one table; else it is of features. params: as_of, of Scorer.of_purchases()."""
        if not self._scorer.is_of_purchases(model_input):
            return self._scorer.of_features(model_input).assign(**self._known)
        scored = self._scorer.of_purchases(model_input, (params or {}).get("as_of"))
        return scored.scores.assign(as_of=scored.as_of.isoformat(), **self._known)


@contextmanager
def _from_source(folder: Path) -> Iterator[None]:
    """Imports what the folder of a version holds, and leaves nothing there. Raises: ImportError: compiled code is there."""
    if (folder / "MLmodel").exists():  # else MLflow reads this file where it is developed, to make a version of it
        own = Path(__file__).parent / "__pycache__" / f"{Path(__file__).stem}.{sys.implementation.cache_tag}.pyc"
        own.unlink(missing_ok=True)  # Python compiled this file a moment ago
        if compiled := sorted(str(path.relative_to(folder)) for path in folder.rglob("*.pyc")):
            raise ImportError(
                f"{folder} holds {len(compiled)} files of compiled code, which are no part of the version: {compiled[0]}. Nothing of it was run."
            )
    writes = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes


set_model(Served())
