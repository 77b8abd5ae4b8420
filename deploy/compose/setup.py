"""What a platform needs once: a bucket, the account of the nightly commands, MLflow's webhook. It may run again; nothing is made twice.

MLFLOW_TRACKING_URI and MLFLOW_S3_ENDPOINT_URL say where; the folder CLV_SECRETS has a file for each password.
"""

import os
from pathlib import Path

import boto3
from botocore.exceptions import ClientError
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.server import get_app_client

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


def make_account(name: str, password: str) -> None:
    people = get_app_client("basic-auth", os.environ["MLFLOW_TRACKING_URI"])
    try:
        people.get_user(name)
    except MlflowException:
        people.create_user(name, password)


def make_webhook(url: str) -> None:
    client = MlflowClient()
    for webhook in client.list_webhooks():
        if webhook.name == WEBHOOK:
            client.delete_webhook(webhook.webhook_id)
    client.create_webhook(WEBHOOK, url, EVENTS, secret=secret("webhook_secret"))


if __name__ == "__main__":
    os.environ |= {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": secret("admin_password")}
    make_bucket("mlflow")
    make_account(ACCOUNT, secret("engine_password"))
    if url := os.environ.get("CLV_WEBHOOK_URL"):
        make_webhook(url)
    print(f"The bucket, the account {ACCOUNT}{' and the webhook are' if url else ' are'} there.")
