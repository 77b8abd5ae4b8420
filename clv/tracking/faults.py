"""Whether a tracking server failed, or answered no: MLflow's errors do not tell the two apart."""

import json
import re

_FAULTS = {
    "INTERNAL_ERROR",
    "TEMPORARILY_UNAVAILABLE",
    "REQUEST_LIMIT_EXCEEDED",
    "RESOURCE_EXHAUSTED",
    "DEADLINE_EXCEEDED",
    "INVALID_STATE",
}
# What MLflow calls an internal error although the server answered: an artifact that is not there, a call that is not allowed.
_ANSWERS = re.compile("404 Client Error|No such file|No such artifact|Permission denied|failed with error code 40[0-9]")


def is_fault(error: Exception) -> bool:
    """Returns whether the server failed, and not the request."""
    import requests
    import urllib3
    from google.protobuf.json_format import ParseError
    from mlflow.exceptions import MlflowException

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return error.response.status_code >= 500 or error.response.status_code == 429
    if isinstance(error, MlflowException) and isinstance(error.__cause__, (MlflowException, requests.HTTPError)):
        return is_fault(error.__cause__)  # MLflow calls a copy that was refused an internal error
    if isinstance(error, MlflowException) and isinstance(error.__cause__, Exception) and is_fault(error.__cause__):
        return True  # a download that failed for any reason is called a missing file
    if isinstance(error, MlflowException):
        return error.error_code in _FAULTS and not _ANSWERS.search(str(error))
    kinds = (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError, TimeoutError)
    return isinstance(error, (*kinds, json.JSONDecodeError, ParseError))
