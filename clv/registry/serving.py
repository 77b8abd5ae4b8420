"""The model behind MLflow's generic interface: `mlflow.pyfunc.load_model` and `mlflow models serve` run this file."""

from pathlib import Path

import mlflow
import pandas as pd

from clv import model
from clv.model import files


class Served(mlflow.pyfunc.PythonModel):
    """A feature table in, predicted_clv with its interval out."""

    def load_context(self, context):
        self.model = files.load(Path(context.artifacts["clv_model"]))

    def predict(self, context, model_input: pd.DataFrame, params=None) -> pd.DataFrame:
        return model.predict(self.model, model_input)


mlflow.models.set_model(Served())
