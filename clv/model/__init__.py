"""What a customer will bring: chains in which each stage corrects the one before it; the prediction is the mean of the chains.

`btyd+glm+trees` asks the probability model, lets a GLM correct its answer, and lets trees correct that. A stage sees the feature
table at its own cutoff and the prediction so far.
"""

from clv.model.chains import Model, with_answers
from clv.model.options import Options
from clv.model.prediction import answers, contributions, predict, total
from clv.model.stages import STAGES, check_chains
from clv.model.training import fit

__all__ = [
    "STAGES",
    "Model",
    "Options",
    "answers",
    "check_chains",
    "contributions",
    "fit",
    "predict",
    "total",
    "with_answers",
]
