"""What MLflow reads from the environment: where the server is, without a password in its address, and how calls behave."""

import logging
import os
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

_ADDRESS, _NAME, _PASSWORD = "MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"
_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",  # files come through the server; nobody else need reach the object store behind it
    "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # it asks for the run again, to print its address
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # MLflow would repeat creates whose reply was lost; server.py decides what is tried again
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}


def set_environment() -> None:
    """Sets MLflow's variables for this process and those that it starts. MLflow reads some of them when it is imported: call this before."""
    os.environ |= without_password(os.environ) | _SETTINGS
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # it raises what it prints
    logging.getLogger("mlflow.utils.git_utils").setLevel(
        logging.ERROR
    )  # an image needs no git; our own tags have the commit


def without_password(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns the variables that take a password out of the server's address: MLflow prints addresses, stores them in links, and names
    them in errors.

    Returns: the address alone, and name and password in MLflow's variables for them; empty where the address holds neither.
    """
    parts = urlsplit(environment.get(_ADDRESS, ""))
    if not parts.scheme.startswith("http") or "@" not in parts.netloc:
        return {}
    secret, _, server = parts.netloc.rpartition("@")
    name, _, password = secret.partition(":")
    credentials = {_NAME: unquote(name), _PASSWORD: unquote(password)} | {
        key: environment[key] for key in (_NAME, _PASSWORD) if key in environment
    }
    return {_ADDRESS: parts._replace(netloc=server).geturl()} | credentials
