"""What kind of file it is, by its content and never by its name; its bytes are read once and hashed on the way."""

import gzip
import hashlib
import io
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from clv import progress
from clv.data.decoding import BLOCK, EXPORT, Stream, decoded
from clv.errors import Code, InputError
from clv.wording import meant

_PARQUET, _GZIP, _ZIP, _OLD_WORKBOOK = b"PAR1", b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_NAMES_OF_WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_WORKBOOKS = {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}  # what lies in those of Excel and of LibreOffice
_OTHER_KINDS = {
    _ZIP: "a zip archive or an Excel workbook",
    b"PK\x05\x06": "an empty zip archive",
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
_INFLATED, _TIMES = 1 << 30, 200  # signs of text, and times its packed size: a file of purchases beyond both is none
_POINT_AT_A_FILE = "put your purchases there, or point data.path at a CSV, gzipped CSV or Parquet file"


class _Hashed(io.RawIOBase):
    """A stream whose bytes are hashed as they are read, and counted in blocks."""

    def __init__(self, stream: io.BufferedReader, count: progress.Count):
        self._stream, self._sha, self._count, self.size = stream, hashlib.sha256(), count, 0

    @property
    def sha256(self) -> str:
        return self._sha.hexdigest()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        block = self._stream.read(len(buffer))
        self._sha.update(block)
        buffer[: len(block)] = block
        blocks, self.size = self.size // BLOCK, self.size + len(block)
        for _ in range(blocks, self.size // BLOCK):
            self._count.done()
        return len(block)


@dataclass(frozen=True)
class Opened:
    """A file that is being read.

    Args: source: its bytes, hashed.   path: as it was given.   is_parquet, is_zip, is_workbook: else it is text, gzipped or not.
    """

    source: _Hashed
    path: str
    is_parquet: bool
    is_zip: bool = False
    is_workbook: bool = False

    @property
    def sha256(self) -> str:
        """Of the bytes that were read, as hexadecimal text."""
        return self.source.sha256

    def texts(self, encoding: str | None = None) -> Iterator[str]:
        """Gives the text in pieces, every line end as a newline.

        Args:   encoding: of text without a mark; None is UTF-8.
        Raises: InputError: the bytes are not text, or what they are packed in is damaged, holds something else, or far more than it is.
        """
        size = 0
        for text in self._texts(encoding):
            size += len(text)
            self._refuse_inflated(size)
            yield text

    def _refuse_inflated(self, size: int) -> None:
        if size > _INFLATED and size > _TIMES * self.source.size:
            what = f"{self.source.size:,} bytes unpack to more than {size:,}: this is no table of purchases"
            raise InputError(Code.NOT_A_TABLE, what=what, fix=EXPORT, where=self.path)

    def _texts(self, encoding: str | None) -> Iterator[str]:
        try:
            if self.is_zip:
                with self.copied() as copy, zipfile.ZipFile(copy) as archive:
                    yield from decoded(_member(archive, self.path), self.path, encoding)
                return
            stream: Stream = io.BufferedReader(self.source, 1 << 16)
            if stream.peek(2)[:2] == _GZIP:
                stream = gzip.GzipFile(fileobj=stream)
                _refuse_other_kinds(stream.peek(512)[:512], self.path, "inside its gzip ")
            yield from decoded(stream, self.path, encoding)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            what = f"the gzip is damaged or cut short: {error}"
            raise InputError(Code.DAMAGED_GZIP, what=what, fix=EXPORT, where=self.path) from error
        except (
            zipfile.BadZipFile,
            NotImplementedError,
            RuntimeError,
        ) as error:  # the latter: a password, a rare method
            raise _damaged_zip(error, self.path) from error

    @contextmanager
    def copied(self) -> Iterator[Path]:
        """Makes a copy that nobody else reads or changes, for readers that jump about in a file; it is removed behind them."""
        with _temporary(self.source) as copy:
            yield copy

    @contextmanager
    def unpacked(self) -> Iterator[Path]:
        """Makes a copy of a workbook, that may be the only file in a zip archive.

        Raises: InputError: it holds far more than it is.
        """
        with self.copied() as copy:
            self._refuse_inflated(_size_unpacked(copy))
            if len(_members(copy)) != 1:
                yield copy
                return
            with _temporary(io.BytesIO(self._only_member(copy))) as workbook:
                yield workbook

    def _only_member(self, copy: Path) -> bytes:
        try:
            with zipfile.ZipFile(copy) as archive:
                return archive.read(_only_name(archive, self.path))
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise _damaged_zip(error, self.path) from error


@contextmanager
def _temporary(stream: IO[bytes] | io.RawIOBase) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile(prefix="clv-") as copy:  # mode 0600
        shutil.copyfileobj(cast(IO[bytes], stream), copy, BLOCK)
        copy.flush()
        yield Path(copy.name)


def _members(file: Path | IO[bytes]) -> set[str]:
    """The names in a zip archive; none where it is not one, or is damaged."""
    try:
        with zipfile.ZipFile(file) as archive:
            return {name for name in archive.namelist() if not name.startswith("__MACOSX/")}
    except zipfile.BadZipFile:
        return set()


def _size_unpacked(file: Path) -> int:
    """Of all that a zip archive says it holds; 0 where it is none."""
    try:
        with zipfile.ZipFile(file) as archive:
            return sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile:
        return 0


def _is_workbook(file: Path | IO[bytes]) -> bool:
    """Whether a zip archive is a workbook, or is called to hold nothing but one."""
    names = _members(file)
    return bool(_WORKBOOKS & names) or (len(names) == 1 and min(names).lower().endswith(_NAMES_OF_WORKBOOKS))


@contextmanager
def opened(path: str, name: str | None = None) -> Iterator[Opened]:
    """Opens the file, to be read once.

    Args:   name: as the file is called in messages; None: its path.
    Raises: InputError: there is no such file, it is of a kind that is not read, or it changed while it was read.
    """
    name = name or path
    try:
        before = _stat_of_file(path)
        total = before.st_size // BLOCK
        with open(path, "rb") as stream, progress.counting(f"blocks of {BLOCK >> 20} MB", total) as count:
            head = stream.read(512)
            is_workbook = head.startswith(_OLD_WORKBOOK) or (head.startswith(_ZIP) and _is_workbook(stream))
            stream.seek(0)
            if not head.startswith(_ZIP):
                _refuse_other_kinds(head, name)
            source = _Hashed(stream, count)
            try:
                yield Opened(source, name, head.startswith(_PARQUET), head.startswith(_ZIP), is_workbook)
            except InputError:
                _refuse_changed(before, path)  # what is wrong with a file that is still being written is no news
                raise
            while source.read(BLOCK):
                pass
        _refuse_changed(before, path, digest(Path(path)) == source.sha256)
    except OSError as error:
        what = f"the file cannot be read: {error.strerror or error}"
        raise InputError(Code.UNREADABLE_FILE, what=what, fix=_POINT_AT_A_FILE, where=name) from error


def _beside(path: str) -> str:
    """The file beside a missing one that may be meant."""
    folder, name = os.path.split(path)
    try:
        files = [
            entry.name for entry in os.scandir(folder or ".") if entry.is_file() and not entry.name.startswith(".")
        ]
    except (OSError, ValueError):
        return ""
    near = meant(name, files, f"{folder}/" if folder else "")
    return f"{near}Otherwise " if near else ""


def _stat_of_file(path: str) -> os.stat_result:
    """Of a file with something in it."""
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise InputError(Code.NO_FILE, what=f"{path!r} does not exist", fix=_beside(path) + _POINT_AT_A_FILE) from error
    if not stat.S_ISREG(status.st_mode):
        kind = "is a directory, not a file" if stat.S_ISDIR(status.st_mode) else "is not a regular file"
        raise InputError(Code.NO_FILE, what=f"{path!r} {kind}", fix=_POINT_AT_A_FILE)
    if status.st_size == 0:
        raise InputError(Code.EMPTY, what=f"{path!r} is empty", fix=_POINT_AT_A_FILE)
    return status


def _refuse_changed(before: os.stat_result, path: str, same_bytes: bool = True) -> None:
    """Raises: InputError: the file is not what it was when the reading began."""
    after, names = os.stat(path), ("st_ino", "st_size", "st_mtime_ns")
    if not same_bytes or any(getattr(after, name) != getattr(before, name) for name in names):
        fix = "run again when the export is complete; write it elsewhere and move it into place"
        raise InputError(Code.FILE_CHANGED, what="the file changed while it was read", fix=fix, where=path)


def _refuse_other_kinds(head: bytes, path: str, inside: str = "") -> None:
    """Raises: InputError: the first bytes are those of a kind of file that is not read."""
    kind = next((kind for mark, kind in _OTHER_KINDS.items() if head.startswith(mark)), None)
    if inside and head.startswith((_PARQUET, _GZIP)):
        kind = "another gzip or a Parquet file"
    if head[257:262] == b"ustar":
        kind = "a tar archive"
    if kind:
        raise InputError(Code.NOT_A_TABLE, what=f"the file is {inside}{kind}", fix=EXPORT, where=path)


def _member(archive: zipfile.ZipFile, path: str) -> zipfile.ZipExtFile:
    """The only file of an archive. Raises: InputError: it holds another number of files, or another kind."""
    stream = cast(zipfile.ZipExtFile, archive.open(_only_name(archive, path)))  # of an archive that is read
    head = stream.peek(512)[:512]
    if head.startswith((_PARQUET, _GZIP)):
        what = "the file is inside its zip archive another archive or a Parquet file"
        raise InputError(Code.NOT_A_TABLE, what=what, fix=EXPORT, where=path)
    _refuse_other_kinds(head, path, "inside its zip archive ")
    return stream


def _damaged_zip(error: Exception, path: str) -> InputError:
    return InputError(Code.DAMAGED_ZIP, what=f"the zip archive cannot be read: {error}", fix=EXPORT, where=path)


def _only_name(archive: zipfile.ZipFile, path: str) -> str:
    names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
    if len(names) != 1:
        what = f"the zip archive holds {len(names)} files: {', '.join(names)[:200]}"
        fix = "unpack it into a folder, and point data.path at the folder"
        raise InputError(Code.NOT_A_TABLE, what=what, fix=fix, where=path)
    return names[0]


def digest(file: Path) -> str:
    """Returns the SHA-256 of the file's bytes, as hexadecimal text."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
