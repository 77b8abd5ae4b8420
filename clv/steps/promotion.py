"""Which version is in production: a person says so, or nobody did yet."""

from clv import tracking
from clv.errors import UserError
from clv.record import Record
from clv.workspace import Workspace


def bootstrap(work: Workspace) -> Record:
    """The first version ever becomes Production, loudly; from then on only a person moves the alias."""
    name = work.config.tracking.model_name
    if tracking.was_promoted(name):
        return Record("nothing moved: a person promoted a version in the meantime")
    number = work.candidate_version
    tracking.promote(
        name,
        number,
        {
            "promoted_by": "bootstrap",
            "promoted_at": work.now.isoformat(timespec="seconds"),
            "promotion_reason": "first version: nothing was in production (tracking.bootstrap)",
        },
    )
    return Record(
        f"version {number} is Production because there was none before (tracking.bootstrap)",
        tags={"bootstrapped_version": number},
        warnings=(f"NOBODY REVIEWED version {number}: it scores because it is the first.",),
    )


def promote(work: Workspace) -> Record:
    """A person puts a version into production; who, when and why are kept on it."""
    chosen, name = work.config.promote, work.config.tracking.model_name
    missing = [key for key in ("version", "reviewer", "reason") if not (getattr(chosen, key) or "").strip()]
    if missing:
        raise UserError(
            f"A promotion needs a version, a reviewer and a reason; missing: {', '.join(missing)}."
            f"\nHint: {tracking.PROMOTE.format(version=chosen.version or 'N')}"
        )
    before = tracking.promote(
        name,
        chosen.version,
        {
            "promoted_by": chosen.reviewer,
            "promotion_reason": chosen.reason,
            "promoted_at": work.now.isoformat(timespec="seconds"),
        },
    )
    return Record(
        f"version {chosen.version} of model {name} is Production (before: {before or 'none'}), promoted by {chosen.reviewer}",
        tags={"promoted_version": chosen.version, "promoted_by": chosen.reviewer, "promotion_reason": chosen.reason},
    )
