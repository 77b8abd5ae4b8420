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
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext


class Served(PythonModel):
    """A feature table in, predicted_clv with its interval out."""

    def load_context(self, context: PythonModelContext) -> None:
        with _from_source(Path(__file__).parent):
            from clv import model
            from clv.model import files

            self._predict, self.model = model.predict, files.load(Path(context.artifacts["clv_model"]))

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        return self._predict(self.model, model_input)


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
