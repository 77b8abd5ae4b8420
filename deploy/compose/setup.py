"""What a platform needs once: a bucket, the account of the nightly commands, MLflow's webhook. It may run again; nothing is made twice.

`setup.py NAME ...` makes accounts that may decide about the models, once there is a version. MLFLOW_TRACKING_URI and
MLFLOW_S3_ENDPOINT_URL say where, CLV_WEBHOOK_MODELS which models; the folder CLV_SECRETS has a file for each password.
"""

import os
import secrets
import sys
from pathlib import Path

import boto3
from botocore.exceptions import ClientError
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.server import get_app_client
from mlflow.server.auth.client import AuthServiceClient

EVENTS = ["model_version_alias.created", "model_version_alias.deleted"]
ACCOUNT, WEBHOOK = "engine", "clv-ledger-look"


def secret(name: str) -> str:
    return Path(os.environ["CLV_SECRETS"], name).read_text().strip()


def make_bucket(name: str) -> None:
    store = boto3.client(
        "s3",
        endpoint_url=os.environ["MLFLOW_S3_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=secret("store_key"),
        aws_secret_access_key=secret("store_secret"),
    )
    try:
        store.head_bucket(Bucket=name)
    except ClientError:
        store.create_bucket(Bucket=name)


def accounts() -> AuthServiceClient:
    return get_app_client("basic-auth", os.environ["MLFLOW_TRACKING_URI"])


def is_there(name: str) -> bool:
    """Raises: MlflowException: the server does not say."""
    try:
        accounts().get_user(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return False
    return True


def make_account(name: str, password: str) -> None:
    """The account has this password afterwards."""
    set_password = accounts().update_user_password if is_there(name) else accounts().create_user
    set_password(name, password)


def make_reviewer(name: str, models: list[str]) -> None:
    """An account that may decide: it edits the models, their ledgers and the runs of both. A new one's password is shown.

    MANAGE of the models, because a rollback takes an alias away, and MLflow counts that as deleting.
    """
    client = MlflowClient()
    experiments = {
        place: client.get_experiment_by_name(place) for model in models for place in (model, f"{model}-ledger")
    }
    missing = [place for place, experiment in experiments.items() if experiment is None]
    if missing:
        sys.exit(f"There is no experiment {', '.join(missing)} yet.\nHint: run full_pipeline as {ACCOUNT} first.")
    if not is_there(name):
        make_account(name, password := secrets.token_urlsafe(16))
        print(f"The first password of {name}: {password}")
    for place, experiment in experiments.items():
        accounts().grant_user_permission(name, "registered_model", place, "MANAGE" if place in models else "EDIT")
        accounts().grant_user_permission(name, "experiment", experiment.experiment_id, "EDIT")
    print(f"{name} may decide about {', '.join(models)}.")


def make_webhook(url: str) -> None:
    client = MlflowClient()
    for webhook in client.list_webhooks():
        if webhook.name == WEBHOOK:
            client.delete_webhook(webhook.webhook_id)
    client.create_webhook(WEBHOOK, url, EVENTS, secret=secret("webhook_secret"))


def set_up() -> None:
    make_bucket("mlflow")
    make_account(ACCOUNT, secret("engine_password"))
    if url := os.environ.get("CLV_WEBHOOK_URL"):
        make_webhook(url)
    print(f"The bucket, the account {ACCOUNT}{' and the webhook are' if url else ' are'} there.")


if __name__ == "__main__":
    os.environ |= {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": secret("admin_password")}
    for reviewer in sys.argv[1:]:
        make_reviewer(reviewer, os.environ.get("CLV_WEBHOOK_MODELS", "clv").split())
    if not sys.argv[1:]:
        set_up()
