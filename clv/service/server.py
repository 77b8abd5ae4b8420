"""The process that listens; SIGTERM ends it."""

import atexit
import gc
import logging
import os
import socket
import sys

import fastapi
import uvicorn

from clv.errors import UserError

_GRACE = 1  # seconds for requests that are open when the process is to end


def listening(host: str, port: int) -> socket.socket:
    """Returns a socket that listens. port: 0: a free one.   Raises: UserError: it cannot."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise UserError(
            f"Nothing can listen on {host}, port {port}: {error.strerror or error}.\nHint: serve.port=NUMBER names another port, 0 a free one."
        ) from error


def serve(app: fastapi.FastAPI, at: socket.socket) -> None:
    """Answers until a signal ends the process."""
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    config = uvicorn.Config(
        app,
        loop="asyncio",  # another one would take the signals
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )
    gc.freeze()  # what was imported stays: the collector need not look at it during a request, nor for a second at the end
    atexit.register(_say_no_more)
    uvicorn.Server(config).run(sockets=[at])


def _say_no_more() -> None:
    """DuckDB's binding would list what the collector was told to leave alone."""
    sys.stderr.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
