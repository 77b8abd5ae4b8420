"""Name and password of a tracking server in its address: MLflow prints addresses, stores them in links, and names them in errors."""

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

ADDRESS, NAME, PASSWORD = "MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"


def without_password(environment: Mapping[str, str]) -> dict[str, str]:
    """What the environment should say instead: the address alone, name and password by MLflow's variables for them."""
    address = environment.get(ADDRESS, "")
    found = urlsplit(address)
    if not found.scheme.startswith("http") or "@" not in found.netloc:
        return {}
    secret, _, server = found.netloc.rpartition("@")
    name, _, password = secret.partition(":")
    given = {NAME: unquote(name), PASSWORD: unquote(password)} | {
        key: environment[key] for key in (NAME, PASSWORD) if key in environment
    }
    return {ADDRESS: found._replace(netloc=server).geturl()} | given
