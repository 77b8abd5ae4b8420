"""Pages of one file: nothing is loaded from elsewhere, every value is escaped."""

import io
from pathlib import Path
from typing import Any

import jinja2

PAGES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
)


def rendered(template: str, content: dict, **more: Any) -> str:
    return PAGES.get_template(template).render(content, **more)


def picture(figure: Any) -> str:
    """As SVG with its text as text; the same bytes for the same figure."""
    import matplotlib

    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "clv"}):
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()[stream.getvalue().index("<svg") :]
