"""What a person sees while the steps run and when they are done: the one place for rich."""

from clv.terminal.console import closing, show
from clv.terminal.steps import waiting, working
from clv.terminal.tables import table

__all__ = ["closing", "show", "table", "waiting", "working"]
