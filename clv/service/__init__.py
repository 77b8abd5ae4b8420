"""The version in production as a service: purchases of some customers in, scores out.

loaded.py   a version that is loaded, and what it answers
watch.py    which versions are loaded: the one in production, looked for again and again, and those that requests name
messages.py what a request and an answer hold
app.py      the addresses: /predict, /health, /version
server.py   the process: listens, ends
"""

from clv.service.app import Limits, application
from clv.service.server import listening, serve
from clv.service.watch import Watch

__all__ = ["Limits", "Watch", "application", "listening", "serve"]
