"""The steps, in the README's order. Each takes the values that it names and hands back an outcome; clv/run.py does the rest."""

from clv.steps.backtest import backtest
from clv.steps.checking import check
from clv.steps.data import features, read, simulate
from clv.steps.explain import explain
from clv.steps.ledger import ledger
from clv.steps.monitoring import monitor
from clv.steps.promotion import acknowledge, bootstrap, promote, reject, rollback
from clv.steps.readiness import readiness
from clv.steps.report import report
from clv.steps.reproduce import reproduce
from clv.steps.review import review
from clv.steps.scoring import cluster, rank_clusters, score
from clv.steps.serving import serve
from clv.steps.sync import sync
from clv.steps.training import train
from clv.steps.tuning import tune

__all__ = [
    "acknowledge",
    "backtest",
    "bootstrap",
    "check",
    "cluster",
    "explain",
    "features",
    "ledger",
    "monitor",
    "promote",
    "rank_clusters",
    "read",
    "readiness",
    "reject",
    "report",
    "reproduce",
    "review",
    "rollback",
    "score",
    "serve",
    "simulate",
    "sync",
    "train",
    "tune",
]
