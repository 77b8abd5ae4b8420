"""What a person decides: which version is in production, and what follows from a review. Each decision is for the ledger."""

import unicodedata

from clv.errors import UserError
from clv.evaluation import gates
from clv.monitor.verdict import DECISIONS
from clv.record import Decision, Record
from clv.registry import alarms, aliases, ledger, reviews, versions
from clv.registry.aliases import Version
from clv.steps.review import limits, opponent
from clv.workspace import Workspace

NOBODY = "bootstrap"
LONGEST = 2000  # characters of a reason in the ledger


def bootstrap(work: Workspace) -> Record:
    """The first version ever becomes Production, loudly; from then on only a person moves the alias."""
    name, number = work.config.tracking.model_name, work.candidate_version
    if aliases.was_promoted(name) or ledger.current(work.governance.known_decisions):
        return Record("nothing moved: a person promoted a version in the meantime")
    version = aliases.existing(name, number)
    why = "first version: nothing was in production (tracking.bootstrap)"
    return Record(
        f"version {number} is Production because there was none before (tracking.bootstrap)",
        tags={"bootstrapped_version": number},
        warnings=(f"NOBODY REVIEWED version {number}: it scores because it is the first.",),
        decisions=(Decision(ledger.BOOTSTRAP, NOBODY, why, number, (shown(version),), facts_of(version)),),
    )


def promote(work: Workspace) -> Record:
    """A person puts a reviewed version into production."""
    chosen, name = work.config.person, work.config.tracking.model_name
    asked(work, "promote", "version", "reviewer", "reason")
    version = work.governance.usable(aliases.existing(work.governance.candidates, chosen.version))
    versions.verified(version, versions.MODEL), versions.verified(version, versions.BASELINE)
    found = reviewed(work, version)
    refuse_its_author(work, version)
    failed = [f"{gate['name']}: {gate['reason']}" for gate in found["gates"] if not gate["passed"]]
    if failed and not chosen.override:
        raise UserError(
            f"Version {version.number} of model {version.name} failed {len(failed)} of {len(found['gates'])} gates:\n  "
            + "\n  ".join(failed)
            + f"\nHint: read its review; to promote it all the same, which the ledger keeps:\n  "
            f"{aliases.PROMOTE.format(version=version.number)} -P override=true"
        )
    number = version.number if version.name == name else aliases.copied(version, name)
    based_on = facts_of(version) | {"override": bool(failed)}
    both = dict.fromkeys((f"{name}/{number}", shown(version)))
    return Record(
        f"version {number} of model {name} is Production (before: {aliases.named_production(name) or 'none'}), "
        f"promoted by {chosen.reviewer}" + (f", although {len(failed)} gates failed" if failed else ""),
        title=f"version {number} by {chosen.reviewer}",
        tags={"promoted_version": number, "promoted_by": chosen.reviewer, "promotion_reason": chosen.reason},
        warnings=tuple(f"OVERRIDDEN gate {gate}" for gate in failed),
        decisions=work.governance.to_enter
        + (Decision(ledger.PROMOTION, chosen.reviewer, chosen.reason, number, tuple(both), based_on),),
    )


def reject(work: Workspace) -> Record:
    """A person closes a version's review without promoting it."""
    chosen = work.config.person
    asked(work, "reject", "version", "reviewer", "reason")
    version = aliases.existing(work.governance.candidates, chosen.version)
    if (
        version.number == aliases.named_production(work.config.tracking.model_name)
        and not work.config.tracking.candidates
    ):
        raise UserError(
            f"Version {version.number} of model {version.name} is in production; rejecting it would change nothing.\nHint: {aliases.ROLLBACK}"
        )
    reviewed(work, version)
    return Record(
        f"version {version.number} of model {version.name} was rejected by {chosen.reviewer}; nothing moved",
        title=f"version {version.number} by {chosen.reviewer}",
        tags={"rejected_version": version.number, "rejected_by": chosen.reviewer, "rejection_reason": chosen.reason},
        decisions=work.governance.to_enter
        + (Decision(ledger.REJECTION, chosen.reviewer, chosen.reason, None, (shown(version),), facts_of(version)),),
    )


def rollback(work: Workspace) -> Record:
    """A person goes back to the version that was in production before."""
    chosen, name = work.config.person, work.config.tracking.model_name
    asked(work, "rollback", "reviewer", "reason")
    left = aliases.named_production(name)  # a version whose files are gone can be left as well as one that is whole
    back = (
        ledger.current(work.governance.known_decisions)
        if work.governance.unrecorded
        else left and ledger.before(work.governance.known_decisions, left)
    )
    if back is None:
        raise UserError(
            f"Version {left or 'none'} of model {name} has no version before it in the ledger; nothing moved.\nHint: {aliases.PROMOTE.format(version='N')}"
        )
    version = work.governance.usable(aliases.existing(name, back))
    versions.verified(version, versions.MODEL), versions.verified(version, versions.BASELINE)
    return Record(
        f"version {back} of model {name} is Production again (before: {left}), rolled back by {chosen.reviewer}",
        title=f"to version {back} by {chosen.reviewer}",
        tags={"promoted_version": back, "promoted_by": chosen.reviewer, "promotion_reason": chosen.reason},
        warnings=()
        if ledger.approved(work.governance.known_decisions, back)
        else (f"nobody promoted version {back} through a review.",),
        decisions=work.governance.to_enter
        + (Decision(ledger.ROLLBACK, chosen.reviewer, chosen.reason, back, (shown(version),), facts_of(version)),),
    )


def acknowledge(work: Workspace) -> Record:
    """A person closes the review that a monitor opened; nothing else follows by itself."""
    chosen = work.config.person
    asked(work, "acknowledge", "run_id", "reviewer", "decision", "reason")
    if chosen.decision not in DECISIONS:
        raise UserError(f"person.decision={chosen.decision} is none of {', '.join(DECISIONS)}.")
    opened = alarms.opened(chosen.run_id)
    based_on = {"decision": chosen.decision, "review_run": opened["run_id"], "as_of": opened["as_of"]}
    about = (f"{opened['model']}/{opened['version']}",)
    return Record(
        f"review of version {opened['version']} closed by {chosen.reviewer}: {chosen.decision}, {DECISIONS[chosen.decision]}",
        tags={
            "review_closed": chosen.run_id,
            "reviewer": chosen.reviewer,
            "decision": chosen.decision,
            "reason": chosen.reason,
        },
        decisions=(Decision(ledger.ACKNOWLEDGEMENT, chosen.reviewer, chosen.reason, None, about, based_on),),
    )


PLACEHOLDERS = {"version": "N", "reviewer": "NAME", "reason": "WHY", "run_id": "RUN", "decision": "|".join(DECISIONS)}


def asked(work: Workspace, command: str, *keys: str) -> None:
    """Raises: UserError: the command line does not say who, why, or about what."""
    said = {key: (getattr(work.config.person, key) or "").strip() for key in keys}
    hint = f"Hint: mlflow run . -e {command} " + " ".join(f"-P {key}={said[key] or PLACEHOLDERS[key]}" for key in keys)
    if missing := [key for key in keys if not said[key]]:
        raise UserError(f"{command} needs {', '.join(keys)}; missing: {', '.join(missing)}.\n{hint}")
    if long := [key for key in keys if len(said[key]) > LONGEST]:
        raise UserError(
            f"The {long[0]} has {len(said[long[0]])} characters; the ledger keeps {LONGEST}.\nHint: a shorter one."
        )


def reviewed(work: Workspace, version: Version) -> dict:
    """The version's review against what is in production now.

    Raises: UserError: there is none, it is closed, it was of other files, or another version is in production by now.
    """
    found, now = reviews.read(version), opponent(work, version)
    hint = f"\nHint: {reviews.REVIEW.format(version=version.number)}"
    then = found["against"]
    if now != then:
        raise UserError(
            f"Version {version.number} of model {version.name} was reviewed against {f'version {then}' if then else 'nothing in production'}; "
            f"now it is {f'version {now}' if now else 'nothing'}.{hint}"
        )
    if found["files_sha256"]["candidate"] != version.tags.get("files_sha256"):
        raise UserError(
            f"Version {version.number} of model {version.name} was reviewed with other files than it has now.{hint}"
        )
    wanted, judged = limits(work), found.get("limits", {})
    if other := [
        f"{name}={judged.get(name)} (here {value})" for name, value in wanted.items() if value != judged.get(name)
    ]:
        raise UserError(
            f"Version {version.number} of model {version.name} was judged by other limits than conf/review has: {', '.join(other)}.{hint}"
        )
    return found


def refuse_its_author(work: Workspace, version: Version) -> None:
    """Raises: UserError: review.four_eyes, and the reviewer trained the version."""
    author, reviewer = reviews.trained_by(version), work.config.person.reviewer
    if work.config.review.four_eyes and plain(author) == plain(reviewer):
        raise UserError(
            f"{reviewer} trained version {version.number} of model {version.name} and cannot promote it (review.four_eyes).\nHint: another "
            "person reviews it."
        )


def plain(name: str) -> str:
    """A name without what the eye does not see: case, width, blanks, invisible characters."""
    seen = "".join(sign for sign in unicodedata.normalize("NFKC", name) if unicodedata.category(sign) != "Cf")
    return " ".join(seen.split()).casefold()


def shown(version: Version) -> str:
    return f"{version.name}/{version.number}"


def facts_of(version: Version) -> dict:
    """What an entry says of a version: its digests, and what its newest review found."""
    known = {
        "source": shown(version),
        "files_sha256": version.tags.get("files_sha256"),
        "data_sha256": version.facts["data_sha256"],
    }
    try:
        found = reviews.read(version)
    except UserError as error:
        return known | {"review": str(error).splitlines()[0]}
    return known | {
        "review_sha256": found["sha256"],
        "reviewed_against": found["against"],
        "review_data_sha256": found["data_sha256"],
        "limits": found.get("limits"),
        "gates": gates.PASSED if all(gate["passed"] for gate in found["gates"]) else gates.FAILED,
        "differences": {row["metric"]: row["difference"] for row in found["metrics"] if "difference" in row},
    }
