"""The version in production as a service."""

import ipaddress
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from clv import terminal
from clv.outcome import Outcome, Run
from clv.registry.standing import Standing

if TYPE_CHECKING:
    from clv.service import Watch


def serve(run: Run, standing: Standing) -> Outcome:
    """Answers requests until a signal ends the process."""
    from clv import service  # no other command needs its libraries

    section = run.config.serve
    patience, require_record = run.config.tracking.patience_seconds, run.config.review.require_record
    watch = service.Watch(standing, Path(run.config.outputs), require_record, patience, section.pinned_versions)
    watch.look()
    limits = service.Limits(**{each.name: getattr(section, each.name) for each in fields(service.Limits)})
    with service.listening(section.host, section.port) as at:
        host, port = at.getsockname()[:2]
        terminal.show([*_begun(watch, host), f"serving at http://{host}:{port}"])
        service.serve(service.application(watch, limits), at)
    return Outcome("ended")


def _begun(watch: "Watch", host: str) -> list[str]:
    """What a person must know: which version answers, or why none does; and who can ask."""
    loaded = watch.production
    lines = [f"version {loaded.version.number} of model {loaded.version.name} answers"] if loaded else []
    lines += [f"WARNING: {watch.problem}"] if watch.problem else []
    if not ipaddress.ip_address(host).is_loopback:
        lines.append(f"WARNING: whoever reaches {host} can ask: let a reverse proxy before it ask who calls.")
    return lines
