"""The model behind MLflow's generic interface: `mlflow.pyfunc.load_model` and `mlflow models serve` run this file."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext

from clv import model
from clv.model import files


class Served(PythonModel):
    """A feature table in, predicted_clv with its interval out."""

    def load_context(self, context: PythonModelContext) -> None:
        self.model = files.load(Path(context.artifacts["clv_model"]))

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        return model.predict(self.model, model_input)


set_model(Served())
