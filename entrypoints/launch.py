"""From a command line, Hydra's or MLflow's, to one function of clv.pipeline."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hydra
from omegaconf import DictConfig

from clv import config
from clv.errors import UserError

CONF = str(Path(__file__).resolve().parent.parent / "conf")

# The parameters that MLproject declares by name, and the key of conf/ that each of them sets.
NAMED = {"data_path": "data.path", "as_of": "window.as_of", "horizon_days": "window.horizon_days",
         "version": "promote.version", "reviewer": "promote.reviewer", "reason": "promote.reason"}

HYDRA_FLAGS = ("--multirun", "--help", "--info", "--cfg", "--resolve")


def launch(step: Callable[[config.Config], Any]) -> None:
    """Compose the configuration from conf/ and the command line, and run the step with it.

    An error that a person can put right ends the process with its message and its exit code.
    """
    def job(composed: DictConfig) -> None:
        try:
            step(config.load(composed))
        except UserError as error:
            print(f"\nError: {error}", file=sys.stderr)
            sys.exit(error.exit_code)
    sys.argv[1:] = hydra_arguments(sys.argv[1:])
    hydra.main(config_path=CONF, config_name="config", version_base="1.3")(job)()


def hydra_arguments(arguments: list[str]) -> list[str]:
    """MLflow's `--name value` pairs as Hydra's `key=value`; anything else as it is.

    A named parameter left empty is left out; `--overrides "a=1 b=2"` is split as a shell would.
    """
    found, rest = [], iter(arguments)
    for word in rest:
        if not word.startswith("--") or word in HYDRA_FLAGS:
            found.append(safe(word))
            continue
        name, value = word[2:], next(rest, "")
        if name == "overrides":
            found += map(safe, shlex.split(value))
        elif name in NAMED:
            found += [f"{NAMED[name]}={quoted(value)}"] if value else []
        else:
            found.append(safe(f"{name}={value}"))
    return found


def safe(word: str) -> str:
    """key=value with the value quoted where Hydra's grammar would stumble over a letter of it, as in Käufer."""
    key, equals, value = word.partition("=")
    return f"{key}={quoted(value)}" if equals and not value.isascii() else word


def quoted(value: str) -> str:
    """One value in Hydra's grammar, whatever characters are in it."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
