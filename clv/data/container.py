"""What kind of file it is, by its content and never by its name; its bytes are read once and hashed on the way."""

import codecs
import gzip
import hashlib
import io
import os
import re
import shutil
import stat
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from clv.errors import Code, InputError

BLOCK = 1 << 22
PARQUET, GZIP = b"PAR1", b"\x1f\x8b"
ENCODINGS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
OTHERS = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"PK\x05\x06": "an empty zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ\0": "compressed with xz",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"\x04\x22\x4d\x18": "compressed with lz4",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a rar archive",
    b"PARE": "an encrypted Parquet file",
    b"ARROW1": "a Feather file",
    b"ORC": "an ORC file",
    b"Obj\x01": "an Avro file",
    b"SQLite format 3": "a SQLite database",
    b"%PDF": "a PDF document",
}
EXPORT = "export it as CSV in UTF-8, gzipped CSV or Parquet"
PATH = "put your purchases there, or point data.path at a CSV, gzipped CSV or Parquet file"


class Hashed:
    """A stream whose bytes are hashed as they are read."""

    def __init__(self, stream: BinaryIO):
        self.stream, self.sha = stream, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self.stream.read(size)
        self.sha.update(data)
        return data


@dataclass(frozen=True)
class Opened:
    """source: the file's bytes, hashed.   path: as it was given.   is_parquet: else it is text, gzipped or not."""

    source: Hashed
    path: str
    is_parquet: bool

    @property
    def sha256(self) -> str:
        """Of the bytes that were read, as hexadecimal text."""
        return self.source.sha.hexdigest()

    def texts(self) -> Iterator[str]:
        """The text, in pieces, every line end as a newline. Raises: InputError: it is no such text."""
        stream = io.BufferedReader(Raw(self.source), 1 << 16)
        try:
            if stream.peek(2)[:2] == GZIP:
                stream = gzip.GzipFile(fileobj=stream)
                refuse_others(start(stream), self.path, "inside its gzip ")
            yield from decoded(stream, self.path)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(
                Code.DAMAGED_GZIP, what=f"the gzip is damaged or cut short: {error}", fix=EXPORT, where=self.path
            ) from error

    @contextmanager
    def copied(self) -> Iterator[Path]:
        """A copy that nobody else reads or changes, for readers that jump about in a file."""
        with tempfile.NamedTemporaryFile(prefix="clv-", suffix=".parquet") as copy:  # mode 0600
            shutil.copyfileobj(self.source, copy, BLOCK)
            copy.flush()
            yield Path(copy.name)


class Raw(io.RawIOBase):
    """What io.BufferedReader asks for."""

    def __init__(self, source: Hashed):
        self.source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        data = self.source.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def opened(path: str) -> Iterator[Opened]:
    """The file, to be read once.

    Raises: InputError: there is no such file, it is of a kind that is not read, or it changed while it was read.
    """
    try:
        before = regular(path)
        with open(path, "rb") as stream:
            head = start(stream)
            refuse_others(head, path)
            source = Hashed(stream)
            try:
                yield Opened(source, path, head.startswith(PARQUET))
            except InputError:
                unchanged(before, path)  # what is wrong with a file that is still being written is no news
                raise
            while source.read(BLOCK):
                pass
        unchanged(before, path, digest(Path(path)) == source.sha.hexdigest())
    except OSError as error:
        raise InputError(
            Code.UNREADABLE_FILE, what=f"the file cannot be read: {error.strerror or error}", fix=PATH, where=path
        ) from error


def regular(path: str) -> os.stat_result:
    """Of a file with something in it."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise InputError(Code.NO_FILE, what=f"{path!r} does not exist", fix=PATH) from error
    if not stat.S_ISREG(found.st_mode):
        kind = "is a directory, not a file" if stat.S_ISDIR(found.st_mode) else "is no regular file"
        raise InputError(Code.NO_FILE, what=f"{path!r} {kind}", fix=PATH)
    if found.st_size == 0:
        raise InputError(Code.EMPTY, what=f"{path!r} is empty", fix=PATH)
    return found


def unchanged(before: os.stat_result, path: str, same_bytes: bool = True) -> None:
    """Raises: InputError: the file is not what it was when the reading began."""
    now, names = os.stat(path), ("st_ino", "st_size", "st_mtime_ns")
    if not same_bytes or any(getattr(now, name) != getattr(before, name) for name in names):
        fix = "run again when the export is complete; write it elsewhere and move it into place"
        raise InputError(Code.FILE_CHANGED, what="the file changed while it was read", fix=fix, where=path)


def start(stream: BinaryIO) -> bytes:
    """Its first bytes; it stands at its beginning again."""
    if isinstance(stream, gzip.GzipFile):
        return stream.peek(512)[:512]
    head = stream.read(512)
    stream.seek(0)
    return head


def refuse_others(head: bytes, path: str, inside: str = "") -> None:
    """Raises: InputError: the first bytes are those of a kind of file that is not read."""
    if inside and head.startswith((PARQUET, GZIP)):
        raise InputError(
            Code.NOT_A_TABLE, what=f"the file is {inside}another gzip or a Parquet file", fix=EXPORT, where=path
        )
    found = next((kind for magic, kind in OTHERS.items() if head.startswith(magic)), None)
    if head[257:262] == b"ustar":
        found = "a tar archive"
    if found:
        raise InputError(Code.NOT_A_TABLE, what=f"the file is {inside}{found}", fix=EXPORT, where=path)


def decoded(stream: BinaryIO, path: str) -> Iterator[str]:
    head = stream.peek(512)[:512]
    encoding = next((name for mark, name in ENCODINGS.items() if head.startswith(mark)), "utf-8")
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
    line, data = 1, b"-"
    while data:
        data = stream.read(BLOCK)
        try:
            text = decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode(encoding, "ignore")
            line += len(re.findall(r"\r\n?|\n", before))
            what = no_text(error.object[error.start : error.start + 1], encoding, head)
            raise InputError(Code.WRONG_ENCODING, what=what, fix=EXPORT, where=f"{path}:{line}") from error
        if "\0" in text:
            line += text.count("\n", 0, text.index("\0"))
            what = "a NUL byte: " + ("the file is UTF-16 without its mark" if unmarked(head) else "the file is damaged")
            raise InputError(Code.NUL_BYTE, what=what, fix=EXPORT, where=f"{path}:{line}")
        line += text.count("\n")
        yield text


def unmarked(head: bytes) -> bool:
    """Whether every second byte is nothing, as in UTF-16 of Latin letters."""
    return max(head[0::2].count(0), head[1::2].count(0)) > len(head) / 3


def no_text(wrong: bytes, encoding: str, head: bytes) -> str:
    said = f"byte {wrong!r} is no {encoding.upper()} text"
    if encoding != "utf-8":
        return said
    if unmarked(head):
        return f"{said}; the file looks like UTF-16 without its mark"
    letter = wrong.decode("cp1252", "ignore")
    return f"{said}; in Windows-1252, which is likely, it is {letter!r}" if letter.isprintable() and letter else said


def digest(file: Path) -> str:
    """SHA-256 of the file's bytes, as hexadecimal text."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
