"""One command of clv.commands, from the words of a command line to its exit code; with --multirun, one after the other."""

import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from clv import config, process, spill, terminal, tracking
from clv.errors import InputError, OutputsError, UserError, disk_trouble, hidden
from clv.jobs import Jobs
from clv.run import run_command
from entrypoints.words import CONF, checked, hydra_arguments, naming_the_history, sweeps


def launch(command: str) -> None:
    """Composes the configuration from conf/ and the command line, and runs the command with it; with --multirun, one job after the other.

    An error that a person can put right ends the process with its message and its exit code.
    """
    with readable_errors():
        terminal.begin(command)
        spill.begin()
        sys.argv[1:] = checked(hydra_arguments(sys.argv[1:]))
        jobs = Jobs(sweeps(sys.argv[1:])) if "--multirun" in sys.argv else None

    def job(composed: DictConfig) -> None:
        with readable_errors():
            if jobs is None:
                run_command(command, config.load(composed), naming_the_history(sys.argv[1:]))
                return
            words = tuple(HydraConfig.get().overrides.task)
            with jobs.one(words) as done:
                done.extend(run_command(command, config.load(composed), naming_the_history(words)))

    try:
        hydra.main(config_path=CONF, config_name="config", version_base="1.3")(job)()
    finally:
        if jobs:
            jobs.show()


@contextmanager
def readable_errors() -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        if isinstance(error, UserError):
            tracking.withdraw()
        sys.exit(exit_code(error))


def exit_code(error: BaseException) -> int | str | None:
    """Returns the exit code of a command that an error ended, and prints the error."""
    if process.stopped_by or isinstance(error, KeyboardInterrupt):
        return _said("\nStopped.", 128 + (process.stopped_by or signal.SIGINT))
    if isinstance(error, SystemExit):
        return error.code
    if reason := disk_trouble(error):
        error = OutputsError(
            f"A disk is full, broken or read-only: {reason}.\nHint: make room where the outputs, the tracking store and temporary files are; "
            "the earlier outputs are as they were. Then run the command again."
        )
    if isinstance(error, UserError):
        return _said(str(error) if isinstance(error, InputError) else f"\nError: {error}", error.exit_code)
    return _said(
        hidden("".join(traceback.format_exception(error))), 1
    )  # Hydra would print it with the whole command line


def _said(message: str, code: int) -> int:
    """Returns the exit code, once it is said why."""
    terminal.failed(message, code)
    return code
