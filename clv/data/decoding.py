"""Bytes into text: the encoding is that of the file's mark, else UTF-8; what is not such text is refused by its line."""

import codecs
import gzip
import io
import re
from collections.abc import Iterator

from clv.errors import Code, InputError

BLOCK = 1 << 22  # bytes read at once
EXPORT = "export it as CSV in UTF-8, gzipped CSV or Parquet"
Stream = io.BufferedReader | gzip.GzipFile

_ENCODINGS = {  # by the mark at the beginning of the file
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


def decoded(stream: Stream, path: str) -> Iterator[str]:
    """Gives the text in pieces, every line end as a newline.

    Raises: InputError: the bytes are not text of their encoding, or hold a NUL byte.
    """
    head = stream.peek(512)[:512]
    encoding = next((name for mark, name in _ENCODINGS.items() if head.startswith(mark)), "utf-8")
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
    line, block = 1, b"-"
    while block:
        block = stream.read(BLOCK)
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode(encoding, "ignore")
            line += len(re.findall(r"\r\n?|\n", before))
            what = _why_not_text(error.object[error.start : error.start + 1], encoding, head)
            raise InputError(Code.WRONG_ENCODING, what=what, fix=EXPORT, where=f"{path}:{line}") from error
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


def _why_not_text(wrong: bytes, encoding: str, head: bytes) -> str:
    sentence = f"byte {wrong!r} is not {encoding.upper()} text"
    if encoding != "utf-8":
        return sentence
    if _lacks_mark(head):
        return f"{sentence}; the file looks like UTF-16 without its mark"
    letter = wrong.decode("cp1252", "ignore")
    is_likely = letter.isprintable() and letter
    return f"{sentence}; in Windows-1252, which is likely, it is {letter!r}" if is_likely else sentence
