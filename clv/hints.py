"""The commands that messages and pages name: each is spelt here, once, and acts on the history that the run is about when it is pasted."""

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_HISTORY: ContextVar[tuple[str, ...]] = ContextVar("history", default=())
_PROFILE = "experiment="


@contextmanager
def about(words: tuple[str, ...]) -> Iterator[None]:
    """Every command that is spelt within names the history by these words.

    Args: words: of the command line, as KEY=VALUE: the profile, or the data, the model and the outputs.
    """
    token = _HISTORY.set(words)
    try:
        yield
    finally:
        _HISTORY.reset(token)


def command(entry_point: str, *overrides: str, **parameters: str) -> str:
    """Returns the command as a shell takes it.

    >>> command("promote", version="2", reason="WHY")
    'mlflow run . -e promote -P version=2 -P reason=WHY'
    >>> with about(("experiment=shop", "outputs=results")):
    ...     command("score")
    'mlflow run . -e score -P profile=shop -P overrides=outputs=results'
    >>> with about(("experiment=[shop,deep_trees]",)):
    ...     print(command("score"))
    mlflow run . -e score -P overrides='"experiment=[shop,deep_trees]"'
    """
    words = [*_HISTORY.get(), *overrides]
    profiles = [word for word in words if re.fullmatch(_PROFILE + r"\w+", word)]
    profiles = profiles if len(profiles) == 1 else []  # of several, -P profile would take none
    rest = [word for word in words if word not in profiles]
    pairs = [("profile", word.removeprefix(_PROFILE)) for word in profiles]
    pairs += [*parameters.items(), *([("overrides", " ".join(map(_quoted, rest)))] if rest else [])]
    return " ".join(["mlflow run . -e", entry_point, *(f"-P {name}={_quoted(value)}" for name, value in pairs)])


def _quoted(text: str) -> str:
    """For the shell: double quotes where they do, because people read them best."""
    if shlex.quote(text) == text:
        return text
    return shlex.quote(text) if re.search(r"[\"$`\\!]", text) else f'"{text}"'


def check(path: str, *overrides: str) -> str:
    """Returns the command that looks at another history."""
    with about(()):
        return command("check", *overrides, data_path=path)


def of_profile(entry_point: str, profile: str) -> str:
    """Returns the command on the history of a profile."""
    with about((_PROFILE + profile,)):
        return command(entry_point)


def promote(version: str, *, despite_gates: bool = False) -> str:
    """Returns the command that puts a version into production. version: its number, or N."""
    despite = {"despite_gates": "true"} if despite_gates else {}
    return command("promote", version=version, reviewer="NAME", reason="WHY", **despite)


def reject(version: str) -> str:
    """Returns the command that rejects a version. version: its number, or N."""
    return command("reject", version=version, reviewer="NAME", reason="WHY")


def rollback() -> str:
    """Returns the command that goes back to the version before."""
    return command("rollback", reviewer="NAME", reason="WHY")


def review(version: str) -> str:
    """Returns the command that reviews a version. version: its number, or N."""
    return command("review", version=version)


def acknowledge(run_id: str) -> str:
    """Returns the command that closes an alarm. run_id: of the run that opened it, or RUN."""
    return command("acknowledge", run_id=run_id, reviewer="NAME", decision="keep|retrain|redesign", reason="WHY")


def another() -> str:
    """Returns the hint for a version that cannot be used: another one, or the one before."""
    return f"Hint: promote another version, or go back to the one before:\n  {promote('N')}\n  {rollback()}"
