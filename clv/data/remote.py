"""Files that lie elsewhere, at an address with s3://, https:// or http://: copied to this machine, and read like any other.

Credentials come from the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile of AWS, for s3:// (and
AWS_ENDPOINT_URL for another server); CLV_HTTPS_AUTHORIZATION is sent as the header Authorization with https://.
"""

import http.client
import os
import shutil
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from clv.errors import Code, InputError

_BUCKET, _WEB = ("s3://",), ("https://", "http://")
_PATIENCE = 60  # seconds without a byte
_BLOCK = 1 << 22  # bytes


def is_bucket(path: str) -> bool:
    """Returns whether the path is an address of S3."""
    return path.startswith(_BUCKET)


def is_remote(path: str) -> bool:
    """Returns whether the path is an address on another machine."""
    return path.startswith(_BUCKET + _WEB)


@contextmanager
def local(path: str) -> Iterator[str]:
    """Gives the path of a file on this machine: the path itself, or that of a copy, which is removed behind the reading.

    Raises: InputError: there is no such file, or the server does not give it.
    """
    if not is_remote(path):
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix="clv-") as copy:  # mode 0600
        _copy_bucket(path, copy) if is_bucket(path) else _copy_web(path, copy)
        copy.flush()
        yield copy.name


def listed(path: str) -> list[str]:
    """Returns the addresses of the files at and below an address of S3, in the order of their names.

    Raises: InputError: the server does not answer, or refuses.
    """
    from pyarrow import fs

    try:
        system, place = fs.FileSystem.from_uri(path.rstrip("/"))
        info = system.get_file_info(place)
        files = [info] if info.is_file else system.get_file_info(fs.FileSelector(place, recursive=True))
    except OSError as error:  # FileNotFoundError among them
        raise _refused(path, error) from error
    return sorted(f"s3://{each.path}" for each in files if each.is_file)


def _copy_bucket(path: str, copy: IO[bytes]) -> None:
    from pyarrow import fs

    try:
        system, place = fs.FileSystem.from_uri(path)
        with system.open_input_stream(place, compression=None) as stream:
            shutil.copyfileobj(stream, copy, _BLOCK)
    except OSError as error:
        raise _refused(path, error) from error


def _refused(path: str, error: OSError) -> InputError:
    fix = "the address, and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, in the environment"
    what = f"S3 does not give it: {str(error).splitlines()[0][:300]}"
    is_missing = isinstance(error, FileNotFoundError)
    return InputError(Code.NO_FILE if is_missing else Code.UNREADABLE_FILE, what=what, fix=fix, where=path)


def _copy_web(path: str, copy: IO[bytes]) -> None:
    quoted = urllib.parse.quote(path, safe="%/:?&=+,;@[]!$'()*#~")
    request = urllib.request.Request(quoted, headers={"User-Agent": "clv"})
    if (secret := os.environ.get("CLV_HTTPS_AUTHORIZATION")) and path.startswith("https://"):
        request.add_unredirected_header("Authorization", secret)
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
            size = answer.headers.get("Content-Length")
            shutil.copyfileobj(answer, copy, _BLOCK)
    except (OSError, http.client.HTTPException, ValueError) as error:
        status = error.code if isinstance(error, urllib.error.HTTPError) else 0
        reason = f"status {status}" if status else str(getattr(error, "reason", error))
        fix = "the address, as a browser opens it; CLV_HTTPS_AUTHORIZATION in the environment if the server asks for it"
        code = Code.NO_FILE if status in (404, 410) else Code.UNREADABLE_FILE
        raise InputError(code, what=f"the server does not give the file: {reason}", fix=fix, where=path) from error
    if size and copy.tell() != int(size):
        what = f"the server gave {copy.tell():,} of {int(size):,} bytes"
        raise InputError(Code.UNREADABLE_FILE, what=what, fix="run it again", where=path)
