"""Bytes into text: the encoding is that of the file's mark, else data.encoding, else UTF-8; other bytes are refused by their line."""

import codecs
import gzip
import io
import re
import zipfile
from collections.abc import Iterator

from clv.errors import Code, InputError

BLOCK = 1 << 22  # bytes read at once
EXPORT = "export it as CSV in UTF-8, gzipped CSV or Parquet"
Stream = io.BufferedReader | gzip.GzipFile | zipfile.ZipExtFile

_ENCODINGS = {  # by the mark at the beginning of the file
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


def decoded(stream: Stream, path: str, given: str | None = None) -> Iterator[str]:
    """Gives the text in pieces, every line end as a newline.

    Args:   given: encoding of text without a mark; None is UTF-8.
    Raises: InputError: the encoding is not known, the bytes are not text of it, or they hold a NUL byte.
    """
    _check_encoding(given, path)
    head = stream.peek(512)[:512]
    encoding = next((name for mark, name in _ENCODINGS.items() if head.startswith(mark)), given or "utf-8")
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
    line, block = 1, b"-"
    while block:
        block = stream.read(BLOCK)
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode(encoding, "ignore")
            line += len(re.findall(r"\r\n?|\n", before))
            what, fix = _why_not_text(error.object[error.start : error.start + 1], encoding, head)
            raise InputError(Code.WRONG_ENCODING, what=what, fix=fix, where=f"{path}:{line}") from error
        if "\0" in text:
            line += text.count("\n", 0, text.index("\0"))
            what = "a NUL byte: " + (
                "the file is UTF-16 without its mark" if _lacks_mark(head) else "the file is damaged"
            )
            raise InputError(Code.NUL_BYTE, what=what, fix=EXPORT, where=f"{path}:{line}")
        line += text.count("\n")
        yield text


def _lacks_mark(head: bytes) -> bool:
    """Whether every second byte is nothing, as in UTF-16 of Latin letters."""
    return max(head[0::2].count(0), head[1::2].count(0)) > len(head) / 3


def _check_encoding(given: str | None, path: str) -> None:
    try:
        b"-".decode(given or "utf-8", "ignore")
    except LookupError as error:
        what = f"data.encoding={given} is not the name of an encoding"
        raise InputError(Code.WRONG_ENCODING, what=what, fix="data.encoding=cp1252, for example", where=path) from error


def _why_not_text(wrong: bytes, encoding: str, head: bytes) -> tuple[str, str]:
    """What is wrong, and the fix."""
    sentence = f"byte {wrong!r} is not {encoding.upper()} text"
    if encoding != "utf-8":
        return sentence, EXPORT
    if _lacks_mark(head):
        return f"{sentence}; the file looks like UTF-16 without its mark", "data.encoding=utf-16-le, or utf-16-be"
    letter = wrong.decode("cp1252", "ignore")
    if not letter or not letter.isprintable():
        return sentence, EXPORT
    return (
        f"{sentence}; in Windows-1252, which is likely, it is {letter!r}",
        "data.encoding=cp1252, if that is the letter",
    )
