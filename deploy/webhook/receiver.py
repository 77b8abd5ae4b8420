"""MLflow says that an alias was moved; a look at the ledger enters the move within seconds. Signed requests only.

`uvicorn --factory receiver:from_environment` in this folder; docs/platform.md has the rest. MLflow signs what it sends: the header
X-MLflow-Signature is `v1,` and the base64 of HMAC-SHA256 of `delivery id.timestamp.body`.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import os
import shlex
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request

ALIAS = "production"
_MOVES = ("created", "deleted")
_LOOK = (sys.executable, "-m", "entrypoints.ledger")
_log = logging.getLogger("uvicorn.error")


@dataclass(frozen=True)
class Settings:
    """secret: shared with MLflow's webhook.   models: registered models whose ledger may be looked at; a move of another one is nobody's.
    command: looks at a ledger; `tracking.model_name=MODEL` is added.   tolerance: seconds that the sender's clock may differ from ours.
    longest: bytes of a request.   patience: seconds for a request to arrive.   limit: seconds for a look.   pauses: seconds before each try.
    """

    secret: str
    models: tuple[str, ...]
    command: tuple[str, ...] = _LOOK
    tolerance: int = 300
    longest: int = 64 << 10
    patience: float = 10
    limit: float = 300
    pauses: tuple[float, ...] = (0, 10, 60)

    def __post_init__(self) -> None:
        if len(self.secret) < 16 or not self.models:
            raise ValueError(
                "A secret of at least 16 characters and the name of a model are needed.\nHint: docs/platform.md"
            )


def from_environment() -> FastAPI:
    """The app as CLV_WEBHOOK_SECRET_FILE, CLV_WEBHOOK_MODELS and CLV_WEBHOOK_WORDS (words of every look) say."""
    secret = Path(os.environ["CLV_WEBHOOK_SECRET_FILE"]).read_text().strip()
    words = shlex.split(os.environ.get("CLV_WEBHOOK_WORDS", ""))
    return app(Settings(secret, tuple(os.environ.get("CLV_WEBHOOK_MODELS", "clv").split()), (*_LOOK, *words)))


def app(settings: Settings) -> FastAPI:
    """POST /ledger-look takes an event and answers at once; GET /health says how the looks went (exit code 71: none could be started)."""
    looks, door = Looks(settings), Door(settings)

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(looks.forever())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    served = FastAPI(lifespan=living, docs_url=None, redoc_url=None, openapi_url=None)

    @served.get("/health")
    async def health() -> dict[str, int | None]:
        return {"looks": looks.done, "last_exit_code": looks.last_exit_code}

    @served.post("/ledger-look", status_code=202)
    async def event(request: Request) -> dict[str, str]:
        body = await door.body(request)
        is_new = door.admit(request.headers, body)
        model = _moved(body)
        if model not in settings.models or not is_new:
            return {"answer": "nothing to look at"}
        looks.ask(model)
        return {"answer": "a look begins"}

    return served


class Door:
    """Lets in what MLflow signed a moment ago, once."""

    def __init__(self, settings: Settings, now: Callable[[], float] = time.time):
        self._settings, self._now = settings, now
        self._seen: dict[str, float] = {}  # delivery -> when it came

    async def body(self, request: Request) -> bytes:
        """Raises: HTTPException: it is too long, whatever it says of its length, or does not come."""
        body = bytearray()
        try:
            async with asyncio.timeout(self._settings.patience):
                async for piece in request.stream():
                    body += piece
                    if len(body) > self._settings.longest:
                        raise HTTPException(413, "too long")
        except TimeoutError:
            raise HTTPException(408, "too slow") from None
        return bytes(body)

    def admit(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Returns whether it is new: MLflow sends again what was not answered. Raises: HTTPException: it is not signed, or old."""
        signature, delivery, moment = (
            headers.get(f"x-mlflow-{name}", "") for name in ("signature", "delivery-id", "timestamp")
        )
        expected = sign(self._settings.secret, delivery, moment, body)
        is_signed = hmac.compare_digest(signature.encode("utf-8", "replace"), expected.encode())
        if not (delivery and moment and is_signed):
            raise HTTPException(401, "not signed")
        now, tolerance = self._now(), self._settings.tolerance
        if not (moment.isascii() and moment.isdigit() and len(moment) < 16 and abs(now - int(moment)) <= tolerance):
            raise HTTPException(401, "too old")
        self._seen = {key: at for key, at in self._seen.items() if now - at <= 2 * tolerance}
        is_new = delivery not in self._seen
        self._seen.setdefault(delivery, now)
        return is_new


def sign(secret: str, delivery: str, moment: str, body: bytes) -> str:
    """Returns MLflow's signature."""
    content = f"{delivery}.{moment}.".encode("utf-8", "replace") + body
    digest = hmac.new(secret.encode(), content, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _moved(body: bytes) -> str | None:
    """The model whose version in production is another one now; None where the event says something else."""
    try:
        event = json.loads(body)
        entity, action, data = event["entity"], event["action"], event["data"]
        is_move = entity == "model_version_alias" and action in _MOVES and data["alias"].lower() == ALIAS
        return str(data["name"]) if is_move else None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise HTTPException(400, "no event of MLflow") from None


class Looks:
    """One look at a time. What is asked for while a look runs is one look after it, however often it was asked."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._wanted: dict[str, None] = {}
        self._asked = asyncio.Event()
        self.done, self.last_exit_code = 0, None

    def ask(self, model: str) -> None:
        self._wanted[model] = None
        self._asked.set()

    async def forever(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            while self._wanted:
                model = next(iter(self._wanted))
                del self._wanted[model]
                await self._look(model)

    async def _look(self, model: str) -> None:
        for pause in self._settings.pauses:
            await asyncio.sleep(pause)
            self.last_exit_code = await self._outcome(model)
            self.done += 1
            _log.info("look at the ledger of %s: exit code %s", model, self.last_exit_code)
            if self.last_exit_code == 0:
                return
        _log.error("no look at the ledger of %s succeeded; the next command enters the move", model)

    async def _outcome(self, model: str) -> int:
        """The exit code; 71 (sysexits EX_OSERR) where no process could be started, which must not end the looks that come after it."""
        try:
            return await self._run(model)
        except Exception:  # noqa: BLE001 whatever it was, the next look begins
            _log.exception("the look at the ledger of %s could not be started", model)
            return 71

    async def _run(self, model: str) -> int:
        process = await asyncio.create_subprocess_exec(*self._settings.command, f"tracking.model_name={model}")
        try:
            async with asyncio.timeout(self._settings.limit):
                return await process.wait()
        except TimeoutError:
            return 75
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
