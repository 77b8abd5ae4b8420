"""The addresses of the service: /predict, /health, /version."""

import asyncio
import json
import sys
import traceback
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import fastapi
from starlette.requests import ClientDisconnect

from clv.errors import InputError, Unreachable, UserError
from clv.service.loaded import Loaded
from clv.service.messages import Answer, Health, Problem, Request, VersionFacts, parsed, read
from clv.service.watch import Watch


@dataclass(frozen=True)
class Limits:
    """Of the service.

    workers: threads that work.   waiting: requests that are read, wait or are worked on at once.   max_body_mb, max_rows: of one request.
    body_seconds: until it has arrived.   look_seconds: between looks at the alias.
    """

    workers: int
    waiting: int
    max_body_mb: float
    max_rows: int
    body_seconds: float
    look_seconds: float


class _Refused(Exception):
    """status: of HTTP.   code, message: of the answer."""

    def __init__(self, status: int, code: str, message: str):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def application(watch: Watch, limits: Limits) -> fastapi.FastAPI:
    """Returns the service; it looks at the alias while it runs. Who may ask is for what stands before it to say."""
    app = fastapi.FastAPI(
        title="Customer lifetime value",
        docs_url=None,  # the page loads its scripts from elsewhere
        redoc_url=None,
        lifespan=_Life(watch, limits).run,
    )
    app.add_exception_handler(_Refused, _refused)
    problems: dict[int | str, dict[str, Any]] = {
        status: {"model": Problem} for status in (400, 404, 408, 413, 422, 500, 503)
    }
    body = {"required": True, "content": {"application/json": {"schema": Request.model_json_schema()}}}

    @app.post("/predict", response_model=Answer, responses=problems, openapi_extra={"requestBody": body})
    async def predict(request: fastapi.Request) -> fastapi.Response:
        """Scores customers, of whom these are all purchases."""
        async with request.state.life.place():
            return await request.state.life.answer(await _body(request, limits))

    @app.get("/health", response_model=Health, responses={503: {"model": Health}})
    async def health() -> fastapi.Response:
        """Whether a version is loaded, and which."""
        return _json(_health(watch), 200 if watch.production else 503)

    @app.get("/version", response_model=VersionFacts, responses={503: {"model": Problem}})
    async def version() -> fastapi.Response:
        """The version in production that is loaded."""
        return _json(_in_production(watch).facts)

    return app


class _Life:
    """What runs as long as the application does: the looks, and the threads that work."""

    def __init__(self, watch: Watch, limits: Limits):
        self._watch, self._limits = watch, limits
        self._places = asyncio.Semaphore(limits.waiting)
        self._workers = ThreadPoolExecutor(limits.workers, "worker")
        self._asking = ThreadPoolExecutor(
            1, "registry"
        )  # apart: a version that is being loaded must not hold up answers

    @asynccontextmanager
    async def run(self, _app: fastapi.FastAPI) -> AsyncIterator[dict[str, Any]]:
        self._asking.submit(lambda: None)
        looks = ThreadPoolExecutor(1, "looks")
        looks.submit(self._watch.keep_looking, self._limits.look_seconds)
        try:
            yield {"life": self}
        finally:
            self._watch.stop()
            for pool in (looks, self._asking, self._workers):
                pool.shutdown(wait=False, cancel_futures=True)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """For one request. Raises: _Refused: there is none left."""
        if self._places.locked():
            what = f"[BUSY] {self._limits.waiting} requests are open already -- fix: ask again in a second"
            raise _Refused(503, "BUSY", what)
        async with self._places:
            yield

    async def answer(self, body: bytes) -> fastapi.Response:
        """Raises: _Refused: the request cannot be answered."""
        loop = asyncio.get_running_loop()
        try:
            request = await loop.run_in_executor(self._workers, _read, body, self._limits.max_rows)
            loaded = (
                await loop.run_in_executor(self._asking, self._watch.named, request.version)
                if request.version
                else _in_production(self._watch)
            )
            return await loop.run_in_executor(self._workers, _answered, loaded, request)
        except InputError as error:
            raise _Refused(422, error.code, str(error)) from None
        except Unreachable as error:
            raise _Refused(503, "TRACKING_SERVER", str(error)) from None
        except UserError as error:
            raise _Refused(404, "VERSION", str(error)) from None
        except _Refused:
            raise
        except Exception as error:  # noqa: BLE001 its message, which a server would log, may hold a customer's values
            sys.stderr.write(f"{''.join(traceback.format_tb(error.__traceback__))}{type(error).__name__}\n")
            raise _Refused(500, "INTERNAL", "[INTERNAL] the service failed; its log says where") from None


def _read(body: bytes, most: int) -> Request:
    """Raises: _Refused: it is no request, or has too many rows."""
    try:
        content = parsed(body)
        rows = content.get("purchases") if isinstance(content, dict) else None
        if isinstance(rows, list) and len(rows) > most:  # before anything is made of them
            what = f"[TOO_LARGE] {len(rows):,} purchases; at most {most:,} -- fix: send fewer customers at once"
            raise _Refused(413, "TOO_LARGE", what)
        return read(content)
    except ValueError as error:
        raise _no_request(str(error)) from None


def _no_request(why: str) -> _Refused:
    fix = 'send {"purchases": [{"customer_id": "C1", "order_date": "2026-07-01", "revenue": 19.9}]}; /openapi.json has all'
    return _Refused(400, "REQUEST", f"[REQUEST] {why} -- fix: {fix}")


def _answered(loaded: Loaded, request: Request) -> fastapi.Response:
    return _json(loaded.answer(request.table(), request.as_of))


async def _body(request: fastapi.Request, limits: Limits) -> bytes:
    """Raises: _Refused: it is too large, and the rest of it is not read; or it does not come."""
    try:
        async with asyncio.timeout(limits.body_seconds):
            return await _parts(request, limits.max_body_mb)
    except TimeoutError:
        what = f"[SLOW_BODY] the request has not arrived within {limits.body_seconds:g} seconds -- fix: send it at once"
        raise _Refused(408, "SLOW_BODY", what) from None
    except ClientDisconnect:
        raise _no_request("the client went away") from None  # nobody reads it


async def _parts(request: fastapi.Request, most_mb: float) -> bytes:
    parts, left = list[bytes](), int(most_mb * 1e6)
    async for part in request.stream():
        parts.append(part)
        left -= len(part)
        if left < 0:
            raise _Refused(
                413, "TOO_LARGE", f"[TOO_LARGE] more than {most_mb:g} MB -- fix: send fewer customers at once"
            )
    return b"".join(parts)


def _in_production(watch: Watch) -> Loaded:
    """Raises: _Refused: none is loaded."""
    if watch.production is None:
        raise _Refused(503, "NO_VERSION", f"[NO_VERSION] no version is loaded: {watch.problem}")
    return watch.production


def _health(watch: Watch) -> dict[str, Any]:
    loaded = watch.production
    named = ("version", "alias", "learnt_until")
    return {
        "ok": loaded is not None,
        **({name: loaded.facts[name] for name in named} if loaded else dict.fromkeys(named)),
        "loaded_at": loaded.at.isoformat(timespec="seconds") if loaded else None,
        "tracking_server": watch.answers,
        "problem": watch.problem,
    }


def _json(content: dict[str, Any], status: int = 200) -> fastapi.Response:
    return fastapi.Response(json.dumps(content, allow_nan=False), status, media_type="application/json")


async def _refused(_request: fastapi.Request, error: Exception) -> fastapi.Response:
    assert isinstance(error, _Refused)
    answer = _json({"code": error.code, "message": error.message}, error.status)
    if error.status == 408:
        answer.headers["Connection"] = "close"  # what comes after all would be the rest of this request
    return answer
