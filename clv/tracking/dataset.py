"""The purchase history that a run read, as MLflow shows it. Imported by the first run that logs one: it needs MLflow."""

import json
import warnings
from typing import Any

from mlflow.data.dataset_source_registry import resolve_dataset_source
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import DatasetInput, InputTag


class PurchaseDataset(MetaDataset):
    """A purchase history by its digest, with its counts as the profile that the UI shows."""

    def __init__(self, name: str, digest: str, source: str, profile: dict[str, Any]):
        with warnings.catch_warnings(action="ignore"):  # MLflow registers its local source twice and warns of it
            super().__init__(resolve_dataset_source(source), name=name, digest=digest)
        self._profile = profile

    @property
    def profile(self) -> dict[str, Any]:
        return self._profile

    def to_dict(self) -> dict[str, str]:
        return super().to_dict() | {"profile": json.dumps(self._profile)}


def as_input(name: str, digest: str, source: str, profile: dict[str, Any]) -> DatasetInput:
    """Returns the history as an input of a run.

    Args: name, source: of the file.   digest: of its bytes.   profile: counts, JSON-ready.
    """
    entity = PurchaseDataset(name, digest, source, profile)._to_mlflow_entity()
    return DatasetInput(entity, [InputTag("mlflow.data.context", "training")])
