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
import pydantic

from clv.errors import InputError, Unreachable, UserError
from clv.service.loaded import Loaded
from clv.service.messages import Answer, Health, Problem, Request, VersionFacts
from clv.service.watch import Watch
from clv.wording import counted

_SHOWN = 3  # problems of a body that are named


@dataclass(frozen=True)
class Limits:
    """workers: requests that are worked on at once.   max_body_mb, max_rows: of one request.   look_seconds: between looks at the alias."""

    workers: int
    max_body_mb: float
    max_rows: int
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
        status: {"model": Problem} for status in (400, 404, 413, 422, 500, 503)
    }
    body = {"required": True, "content": {"application/json": {"schema": Request.model_json_schema()}}}

    @app.post("/predict", response_model=Answer, responses=problems, openapi_extra={"requestBody": body})
    async def predict(request: fastapi.Request) -> fastapi.Response:
        """Scores customers, of whom these are all purchases."""
        return await request.state.life.answer(await _body(request, limits.max_body_mb))

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
        request = Request.model_validate_json(body)
    except pydantic.ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        shown = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}" for each in found[:_SHOWN])
        fix = 'send {"purchases": [{"customer_id": "C1", "order_date": "2026-07-01", "revenue": 19.9}]}; /openapi.json has all'
        raise _Refused(400, "REQUEST", f"[REQUEST] {counted(len(found), 'problem')}: {shown} -- fix: {fix}") from None
    if (rows := len(request.purchases)) > most:
        raise _Refused(
            413, "TOO_LARGE", f"[TOO_LARGE] {rows:,} purchases; at most {most:,} -- fix: send fewer customers at once"
        )
    return request


def _answered(loaded: Loaded, request: Request) -> fastapi.Response:
    return _json(loaded.answer(request.table(), request.as_of))


async def _body(request: fastapi.Request, most_mb: float) -> bytes:
    """Raises: _Refused: it is too large; the rest of it is not read."""
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
    return _json({"code": error.code, "message": error.message}, error.status)
