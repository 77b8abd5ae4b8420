"""Real processes that serve, and what is asked of them."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from helpers import ROOT

ENVIRONMENT = {
    "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),  # MLflow calls uvicorn by its name
    "PYTHONUNBUFFERED": "1",
}


def post(address, content, path="predict"):
    """Status and answer."""
    data, headers = json.dumps(content).encode(), {"Content-Type": "application/json"}
    return opened(urllib.request.Request(f"{address}/{path}", data, headers))


def get(address, path):
    return opened(f"{address}/{path}")


def opened(request):
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


@contextlib.contextmanager
def process(words, folder, log):
    with log.open("w") as file:
        begun = subprocess.Popen(
            words, cwd=folder, stdout=file, stderr=file, env=os.environ | ENVIRONMENT, start_new_session=True
        )
        try:
            yield begun
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(begun.pid, signal.SIGTERM)
            try:
                begun.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(begun.pid, signal.SIGKILL)
                begun.wait()


@contextlib.contextmanager
def service(project, *overrides):
    """Our command. Gives its process, its address, and its log."""
    log = project.folder / "serve.log"
    words = [sys.executable, "-m", "entrypoints.serve", f"outputs={project.outputs}", "serve.port=0", *overrides]
    with process(words, project.folder, log) as begun:
        for _ in range(600):
            assert begun.poll() is None, log.read_text()
            if found := re.search(r"serving at (http://\S+)", log.read_text()):
                yield begun, found[1], log
                return
            time.sleep(0.1)
        raise TimeoutError(log.read_text())


@contextlib.contextmanager
def mlflow_serving(folder, uri):
    """`mlflow models serve`. Gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "mlflow", "models", "serve", "-m", uri, "--env-manager", "local"]
    log = folder / "mlflow_serve.log"
    with process([*words, "--host", "127.0.0.1", "--port", str(port)], folder, log) as begun:
        for _ in range(900):
            assert begun.poll() is None, log.read_text()
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=2)
                yield f"http://127.0.0.1:{port}"
                return
            time.sleep(0.1)
        raise TimeoutError(log.read_text())
