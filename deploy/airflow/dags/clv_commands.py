"""What the graphs ask of the engine: which commands with which words, what their exit codes become, what they wrote.

Nothing here imports the scheduler or the engine: the engine runs as a process of its own, in its own environment, and the tests of the
engine hold these words to its commands.
"""

import csv
import json
import logging
import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ENGINE = Path(os.environ.get("CLV_ENGINE") or Path(__file__).resolve().parents[3])  # the folder with entrypoints/
PYTHON = Path(os.environ.get("CLV_PYTHON") or ENGINE / ".venv/bin/python")  # of the engine's environment
WORDS = os.environ.get("CLV_WORDS", "")  # of every command, such as "profile=sales alerts=apprise"

NIGHTLY = {  # command -> hours after which it is ended, in the order of deploy/night.sh
    "check": 1,
    "score": 3,
    "cluster": 1,
    "rank_clusters": 1,
    "features": 1,  # new scores remove the feature table of before, so it comes after them
    "monitor": 2,
    "report": 2,
}
TRAINING = {"train": 12}  # it reviews the candidate as well
DECIDING_HOURS = 0.5  # promote, reject, acknowledge
LOOKING_BACK = ("monitor",)  # commands that a repeat of an earlier day leaves out

PROMOTE, DESPITE, REJECT = "promote", "promote although gates failed", "reject"
VERDICTS = {  # answer of a person about a candidate -> command, and what it says besides version, reviewer and reason
    PROMOTE: ("promote", {}),
    DESPITE: ("promote", {"despite_gates": "true"}),
    REJECT: ("reject", {}),
}
RETRAIN = "retrain"
DECISIONS = ("keep", RETRAIN, "redesign")  # answers about alarms

_GRACE_SECONDS = 10  # the engine ends within 2 seconds of a SIGTERM, and marks its run as KILLED
_NOT_ITS = ("AIRFLOW", "_AIRFLOW", "PYTHON", "VIRTUAL_ENV")  # variables of the scheduler, which hold its secrets


class OtherModel(ValueError):
    """What the outputs hold is about another model than the words name."""


@dataclass(frozen=True)
class Place:
    """Where the words of a command lead: the folder that it writes, the model of production, and the model that training registers in."""

    outputs: Path
    model: str
    candidates: str

    def checked(self, content: dict[str, Any], model: str) -> dict[str, Any]:
        """Returns what a file of the outputs says, if it is about the model; a person must not be asked about one and move another.

        Raises: OtherModel.
        """
        if content["model"] != model:
            raise OtherModel(f"{self.outputs} is about model {content['model']}, and these words name model {model}")
        return content


@dataclass(frozen=True)
class Meaning:
    """What an exit code of the engine means.   again: whether the same command may do better later."""

    again: bool
    why: str


EXIT_CODES = {
    1: Meaning(False, "an error that a person puts right"),
    65: Meaning(False, "the input cannot be used; the same file would be refused again"),
    69: Meaning(True, "the tracking server does not answer"),
    74: Meaning(False, "a disk is full, broken or read-only; it stays so until somebody makes room"),
    75: Meaning(True, "another command is writing the outputs"),
}
_OTHER = Meaning(True, "something outside ended it; the earlier outputs are whole")


def meaning(code: int) -> Meaning:
    """Returns what an exit code other than 0 means; a negative one is the signal that ended the process."""
    return EXIT_CODES.get(code, _OTHER)


def start(command: str, words: Sequence[str]) -> subprocess.Popen[str]:
    """Starts a command of the engine in a process group of its own; what it says comes through `stdout`."""
    return subprocess.Popen(
        [str(PYTHON), "-m", f"entrypoints.{command}", *words],
        cwd=ENGINE,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def end(process: subprocess.Popen[str]) -> None:
    """Ends a command with all its processes, where it still runs."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def environment() -> dict[str, str]:
    """Returns the variables that the engine gets: all but the scheduler's own."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_NOT_ITS)}


def words_of_history(for_this_run: str) -> list[str]:
    """Returns the words that name history, model and outputs: those of every command, then those of one run, which win."""
    return [*shlex.split(WORDS), *shlex.split(for_this_run)]


def named(**values: str) -> list[str]:
    """Returns words whose values the engine takes literally, whatever is in them.

    >>> named(reason="it's ${HOME}", version="2")
    ['--reason', "it's ${HOME}", '--version', '2']
    """
    return [word for name, value in values.items() for word in (f"--{name}", value)]


def place(words: Sequence[str]) -> Place:
    """Returns where these words lead. The engine is asked, which composes them with all files that they name, as a profile.

    Raises: CalledProcessError: it refuses the words.
    """
    show = [str(PYTHON), "-m", "entrypoints.score", "--cfg", "job", *words]
    composed = subprocess.run(show, cwd=ENGINE, env=environment(), stdout=subprocess.PIPE, text=True, check=True).stdout
    said = yaml.safe_load(composed)
    model, candidates = said["tracking"]["model_name"], said["tracking"]["candidates"]
    return Place(ENGINE / said["outputs"], model, candidates or model)


def words_of_day(as_of: str, folder: Path, is_backfill: bool) -> list[str]:
    """Returns the words of one day. A day before the one that was scored last, and every day of a backfill, get a folder of their own, so
    that what people use never goes back in time.

    Args: as_of: day, ISO.   folder: the outputs of the newest day.
    """
    is_earlier = is_backfill or as_of < scored_day(folder)
    return [*named(as_of=as_of), *([f"outputs={folder}/days/{as_of}"] if is_earlier else [])]


def is_earlier_day(day: Sequence[str]) -> bool:
    """Returns whether words_of_day gave the day a folder of its own."""
    return bool([word for word in day if word.startswith("outputs=")])


def scored_day(folder: Path) -> str:
    """Returns the day of the scores in the outputs; empty where there are none."""
    try:
        with (folder / "current/clv_ranked_predictions.csv").open(newline="") as file:
            return next(csv.DictReader(file))["as_of"]
    except (OSError, StopIteration):
        return ""


def candidate(place: Place) -> dict[str, Any]:
    """Returns the version that the newest review is about: model, version, against, recommendation, the gates that it failed, and the page.

    Raises: OtherModel: the review is not of the model of the candidates.
    """
    path = place.outputs / "current/review/review.json"
    review = place.checked(json.loads(path.read_text()), place.candidates)
    failed = [f"{gate['name']}: {gate['reason']}" for gate in review["gates"] if not gate["passed"]]
    kept = {key: review[key] for key in ("model", "version", "against", "recommendation")}
    return kept | {"failed": failed, "page": f"{place.outputs}/review/review.html"}


def look(place: Place) -> dict[str, Any]:
    """Returns what the newest look of the monitor found: model, model_version, as_of, verdict, reasons, the open alarms, and the page.

    Raises: OtherModel: it looked at another model.
    """
    newest = max((place.outputs / "current/monitoring").glob("monitoring_summary_*.json"), key=lambda path: path.name)
    summary = place.checked(json.loads(newest.read_text()), place.model)
    kept = {key: summary[key] for key in ("model", "model_version", "as_of", "verdict", "reasons", "open_alarms")}
    return kept | {"page": f"{place.outputs}/monitoring/{newest.stem.replace('_summary', '')}.html"}


def decision(version: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the command and its words by which a person's answer about a candidate comes about."""
    command, more = VERDICTS[answer["chosen_options"][0]]
    return {"command": command, "words": named(version=version, **_signed(answer), **more)}


def closing(alarms: Sequence[str], answer: Mapping[str, Any]) -> list[list[str]]:
    """Returns the words of `acknowledge` for each alarm that a person was asked about."""
    said = {"decision": answer["chosen_options"][0], **_signed(answer)}
    return [named(run_id=run_id, **said) for run_id in alarms]


def _signed(answer: Mapping[str, Any]) -> dict[str, str]:
    """Who answered, and why; the engine refuses what is empty."""
    return {
        "reviewer": (answer["responded_by_user"] or {}).get("name") or "",
        "reason": (answer["params_input"] or {}).get("reason") or "",
    }


def tell(title: str, body: str) -> str:
    """Sends a message to the addresses that the engine's alerts go to, by the engine's own sender. They are secret: they stand in the
    environment alone, and what the sender prints is thrown away.

    Returns: a sentence on what became of it.
    """
    addresses = os.environ.get("CLV_ALERT_URLS", "")
    if not addresses:
        return "nobody was told: CLV_ALERT_URLS is empty"
    sender = subprocess.run(
        [str(PYTHON.with_name("apprise")), "--title", title],
        env=environment() | {"APPRISE_URLS": addresses},
        input=body,
        text=True,
        check=False,
        timeout=120,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return "an alert went out" if sender.returncode == 0 else "an address did not take the alert"


def late(dag_id: str, hours: str, **_: Any) -> None:
    """Says that a run is not done in time. It is called by its path, in a process of its own."""
    sentence = f"{dag_id} has not ended {hours} hours after its start."
    logging.getLogger(__name__).warning(tell(f"Late: {dag_id}", sentence))
