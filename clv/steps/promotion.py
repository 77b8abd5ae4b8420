"""What a person decides: which version is in production, and what follows from a review."""

from clv import tracking
from clv.errors import UserError
from clv.record import Record
from clv.review import DECISIONS
from clv.tracking import reviews
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
    chosen, name = work.config.person, work.config.tracking.model_name
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


def acknowledge(work: Workspace) -> Record:
    """A person closes the review that a monitor opened; nothing else follows by itself."""
    chosen = work.config.person
    missing = [key for key in ("run_id", "reviewer", "decision", "reason") if not (getattr(chosen, key) or "").strip()]
    hint = f"Hint: {reviews.ACKNOWLEDGE.format(run_id=chosen.run_id or 'RUN')}"
    if missing:
        raise UserError(
            f"A review is closed with a run, a reviewer, a decision and a reason; missing: {', '.join(missing)}.\n{hint}"
        )
    if chosen.decision not in DECISIONS:
        raise UserError(f"person.decision={chosen.decision} is none of {', '.join(DECISIONS)}.\n{hint}")
    decision = {
        "reviewer": chosen.reviewer,
        "decision": chosen.decision,
        "reason": chosen.reason,
        "decided_at": work.now.isoformat(timespec="seconds"),
    }
    opened = reviews.close_review(chosen.run_id, decision)
    return Record(
        f"review of version {opened['version']} closed by {chosen.reviewer}: {chosen.decision}, {DECISIONS[chosen.decision]}",
        tags={
            "review_closed": chosen.run_id,
            "reviewer": chosen.reviewer,
            "decision": chosen.decision,
            "reason": chosen.reason,
        },
    )
