"""Pages of one file: nothing is loaded from elsewhere, every value is escaped."""

import datetime as dt
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import jinja2

from clv.reports.canvas import laid_out, words_of

_PAGES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
)


@dataclass(frozen=True)
class NextStep:
    """What a person can do next.

    Args: text: a sentence.
          command: what to type, if anything.
    """

    text: str
    command: str | None = None


def rendered(template: str, content: dict[str, Any], **more: Any) -> str:
    """Returns the page as HTML.

    Args: template: name of a file in this folder.
          content, more: what the template asks for; a name that it lacks is an error.
    """
    return _PAGES.get_template(template).render(content, **more)


def picture(figure: Any) -> str:
    """Returns a matplotlib figure as SVG with its text as text; the same bytes for the same figure.

    Title and description of the figure are in it for those who do not see the picture.
    """
    import matplotlib

    title, description = words_of(figure)
    metadata = {"Date": None, "Creator": None, "Title": title or None}
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "clv"}):
        stream = io.StringIO()
        laid_out(figure).savefig(stream, format="svg", metadata=metadata)
    said = escape(": ".join(filter(None, (title, description))), {'"': "&quot;"})
    return stream.getvalue()[stream.getvalue().index("<svg") :].replace(
        "<svg ", f'<svg role="img" aria-label="{said}" ', 1
    )


def moment(text: str) -> str:
    """Returns a moment as people write it: the day and the minute.

    >>> moment("2026-11-27T06:03:42+00:00")
    '2026-11-27 06:03 UTC'
    """
    return f"{dt.datetime.fromisoformat(text).astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
