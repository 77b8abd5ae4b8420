"""How far a command travels: python -m benchmarks.travel COMMAND [key=value ...], in a project that has a version in production.

It prints the files of clv/ that the command enters, the moves between them (calls from one file into another, there and back), and the
calls on the tracking store. Templates count as the file that renders them.
"""

import sys
from collections import Counter
from pathlib import Path

import mlflow
from hydra import compose, initialize_config_dir

from clv import config
from clv.run import run_command

ROOT = Path(__file__).resolve().parent.parent
CLV = f"{ROOT}/clv/"


def caller(frame) -> str | None:
    """The nearest file of clv/ above a frame."""
    while frame and not (frame.f_code.co_filename.startswith(CLV) and frame.f_code.co_filename.endswith(".py")):
        frame = frame.f_back
    return frame and frame.f_code.co_filename.removeprefix(CLV)


def measured(command: str, overrides: list[str]) -> tuple[set[str], Counter, Counter]:
    """Files that the command enters; calls from file to file; calls of MLflow's client by name, the outermost alone."""
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        values = config.load(compose("config", overrides))
    entered, moves, calls, depth = set(), Counter(), Counter(), [0]
    plain = mlflow.MlflowClient.__getattribute__

    def counted(client, name):
        method = plain(client, name)
        if name.startswith("_") or not callable(method):
            return method

        def call(*args, **kwargs):
            calls[name] += depth[0] == 0
            depth[0] += 1
            try:
                return method(*args, **kwargs)
            finally:
                depth[0] -= 1

        return call

    def follow(frame, event, _):
        if event == "call" and frame.f_code.co_filename.startswith(CLV) and frame.f_code.co_filename.endswith(".py"):
            here, before = caller(frame), caller(frame.f_back)
            entered.add(here)
            moves[before, here] += here != before

    mlflow.MlflowClient.__getattribute__ = counted
    sys.setprofile(follow)
    try:
        run_command(command, values)
    finally:
        sys.setprofile(None)
        mlflow.MlflowClient.__getattribute__ = plain
    return entered, moves, calls


if __name__ == "__main__":
    entered, moves, calls = measured(sys.argv[1], sys.argv[2:])
    shelves = Counter()
    for (_, there), count in moves.items():
        shelves[there.split("/")[0]] += count
    print(f"\nfiles entered: {len(entered)} of {len(list((ROOT / 'clv').rglob('*.py')))}")
    print(f"moves: {2 * sum(moves.values())}, by where they lead: {dict(shelves.most_common())}")
    print(f"store calls: {sum(calls.values())}: {dict(calls.most_common())}")
