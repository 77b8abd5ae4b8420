"""The stages of a chain by their names in conf/model/, and what chains they can form."""

import difflib
from collections.abc import Sequence

from clv.errors import UserError
from clv.model.btyd.stage import Btyd
from clv.model.glm import Glm
from clv.model.protocol import Stage
from clv.model.trees import Hurdle, SquaredError, Tweedie

STAGES: dict[str, type[Stage]] = {
    "btyd": Btyd,
    "glm": Glm,
    "trees": Tweedie,
    "squared_error": SquaredError,
    "hurdle": Hurdle,
}


def check_chains(chains: Sequence[str]) -> None:
    """Refuses a chain that names an unknown stage, or in which a stage that corrects nothing stands after another.

    Args:
        chains: stage names joined by +, as in conf/model/.
    Raises:
        UserError: names the chain, the stage, and a chain or stage to take instead.

    >>> check_chains(["btyd+glm", "hurdle+trees"])
    >>> check_chains(["glm+btyd"])
    Traceback (most recent call last):
    clv.errors.UserError: configuration: model.chains=glm+btyd: the stage btyd corrects nothing and can only stand first.
    Hint: begin the chain with btyd.
    """
    for chain in chains:
        for number, name in enumerate(chain.split("+")):
            if name not in STAGES:
                closest = difflib.get_close_matches(name, STAGES, n=1, cutoff=0)[0]
                raise UserError(
                    f"configuration: model.chains={chain}: there is no stage {name}; the stages are {', '.join(STAGES)}."
                    f"\nHint: the closest name is {closest}."
                )
            if number and not STAGES[name].CORRECTS:
                raise UserError(
                    f"configuration: model.chains={chain}: the stage {name} corrects nothing and can only stand first."
                    f"\nHint: begin the chain with {name}."
                )


def starts_from_history(chain: Sequence[str]) -> bool:
    """Returns whether a chain begins with a stage that answers from the customer's own history."""
    return bool(STAGES[chain[0]].ANSWERS)
