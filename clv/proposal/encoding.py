"""Which encoding the bytes of a text are in, where they are not UTF-8 and no mark says it."""

import re
from dataclasses import dataclass

from charset_normalizer import from_bytes

from clv.data.container import opened
from clv.errors import Code, InputError

_WESTERN = set("äöüÄÖÜßéèêëàâáçñíìîïóòôõúùûÿãåæøÅÆØÉÈÀÇÑÁÍÓÚœŒŠšŽž€£¥§°²³½¿¡«»–—‘’“”…®©™´·ªº¼ ")
_MOST = 0.7  # share of the signs that must be letters of Western Europe
_SAMPLE = 4_000  # lines that are judged
_WORDS = 3


@dataclass(frozen=True)
class Encoding:
    """name: None is UTF-8, or what the mark of the file says.   evidence: words of the file as they are read with it."""

    name: str | None
    evidence: str = ""


def guessed(path: str, refusal: InputError) -> Encoding:
    """Returns the encoding of a text file that is not UTF-8; it is judged by all of its bytes.

    Args:   refusal: of its bytes as UTF-8.
    Raises: InputError: the refusal, where the bytes are damaged.
    """
    if "UTF-16" in refusal.what:
        name = "utf-16-le" if _holds_digits(path, "utf-16-le") else "utf-16-be"
        return Encoding(name, "every second byte is nothing, as in UTF-16 without its mark")
    if refusal.code is Code.NUL_BYTE:
        raise refusal
    with opened(path) as file:
        raw = "".join(file.texts("latin-1"))
    lines = [line for line in raw.splitlines() if re.search(r"[\x80-\xff]", line)][:_SAMPLE]
    sample = "\n".join(lines).encode("latin-1")
    name = "cp1252"
    if not _is_western(sample.decode("cp1252", "replace")):
        best = from_bytes(sample).best()
        name = best.encoding.replace("_", "-") if best else "latin-1"
    words = list(dict.fromkeys(re.findall(r"\w*[^\x00-\x7f]\w*", sample.decode(name, "replace"))))[:_WORDS]
    return Encoding(name, f"not UTF-8; with it the file has words like {', '.join(words)}")


def _is_western(text: str) -> bool:
    """Whether the signs beyond ASCII are letters of Western Europe, each among letters that are ASCII."""
    signs = [sign for sign in text if ord(sign) > 127]
    of_words = [sign for word in re.findall(r"[^\W\d_]*[^\W\d_\x00-\x7f][^\W\d_]*", text) for sign in word]
    foreign = sum(ord(sign) > 127 for sign in of_words)
    return sum(sign in _WESTERN for sign in signs) >= _MOST * len(signs) and foreign <= len(of_words) / 2


def _holds_digits(path: str, name: str) -> bool:
    """Whether the text has digits and a comma, tab or semicolon when it is read so."""
    try:
        with opened(path) as file:
            text = "".join(file.texts(name))
    except InputError:
        return False
    return bool(re.search(r"[0-9]", text) and re.search(r"[,;\t]", text))
