"""A real MLflow server over HTTP: the pipeline writes to it, a person promotes through its REST interface, scoring follows."""

import mlflow
import pandas as pd

from clv import pipeline


def test_a_version_promoted_through_the_rest_client_is_the_one_that_scores(trained, server):
    config = trained.config(f"outputs={trained.folder}/server")
    pipeline.full_pipeline(config)
    pipeline.train(config)
    client = mlflow.MlflowClient(server, server)
    aliases = {alias: str(version) for alias, version in client.get_registered_model("clv").aliases.items()}
    assert aliases == {"candidate": "2", "production": "1"}

    client.set_registered_model_alias("clv", "production", "2")
    pipeline.score(config)
    scores = pd.read_csv(trained.folder / "server/clv_ranked_predictions.csv", dtype={"model_version": str})
    assert set(scores["model_version"]) == {"2"}
    pipeline.review(trained.config(f"outputs={trained.folder}/server", "person.version=1"))
    pipeline.promote(trained.config("person.version=1", "person.reviewer=Ann", "person.reason=simpler"))
    aliases = {alias: str(version) for alias, version in client.get_registered_model("clv").aliases.items()}
    assert aliases == {"candidate": "2", "production": "1", "previous": "2"}
