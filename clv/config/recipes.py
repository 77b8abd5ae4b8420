"""What a person calls a recipe: the name of the file in conf/model/ that has its chains."""

from functools import cache
from pathlib import Path

import yaml

_FOLDER = Path(__file__).parents[2] / "conf" / "model"


def recipe_name(chains: list[str]) -> str:
    """Returns `blend`, or any other file of conf/model/ with these chains; the chains themselves where no file has them.

    >>> recipe_name(["btyd+trees", "btyd+glm", "btyd+glm+trees"]), recipe_name(["trees"]), recipe_name(["btyd+hurdle"])
    ('blend', 'xgboost_tweedie', 'btyd+hurdle')
    >>> recipe_name(["btyd", "glm"])
    'btyd, glm'
    """
    return _files().get(tuple(chains), ", ".join(chains))


@cache
def _files() -> dict[tuple[str, ...], str]:
    """Chains -> name of the first file that has them."""
    contents = {path.stem: yaml.safe_load(path.read_text()) for path in sorted(_FOLDER.glob("*.yaml"), reverse=True)}
    return {tuple(content["chains"]): name for name, content in contents.items() if "chains" in (content or {})}
