"""A process that has imported everything and forks one command a line: a real process to kill, without five seconds of imports.

In:  the words of a command line, `score outputs=FOLDER ...`.   Out: the pid of the child; after its end, its exit code (-9 = killed).
"""

import importlib
import os
import shlex
import sys

for name in ("evidently.presets", "matplotlib.pyplot", "mlflow.store.tracking.sqlalchemy_store", "xgboost"):
    importlib.import_module(name)

from clv import process  # noqa: E402
from clv.tracking import journal  # noqa: E402
from entrypoints.launch import launch  # noqa: E402


def command(words: list[str]) -> None:
    log = os.open(f"log_{os.getppid()}.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1), os.dup2(log, 2)
    sys.argv = words
    launch(words[0])


def child(words: list[str]) -> None:
    code = 1
    try:
        process.end_well(journal.abandon)
        command(words)
        code = 0
    except KeyboardInterrupt:  # before launch() was there to tell
        code = 130
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(code)


for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        child(shlex.split(line))
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
