"""What a person decides: which version is in production, and what follows from an alarm. Each decision is for the ledger."""

import unicodedata

from clv import hints
from clv.config import Person
from clv.errors import UserError
from clv.evaluation import gates
from clv.monitor.verdict import DECISIONS
from clv.outcome import Enter, Outcome, Run, ShowDecision
from clv.registry import alarms, ledger, registration, reviews, versions
from clv.registry.ledger import Decision
from clv.registry.production import usable
from clv.registry.standing import Standing
from clv.registry.versions import Version
from clv.steps.review import limits, opponent

_NOBODY = "bootstrap"
_LONGEST = 2000  # characters of a reason in the ledger
_PLACEHOLDERS = {"version": "N", "reviewer": "NAME", "reason": "WHY", "run_id": "RUN", "decision": "|".join(DECISIONS)}


def bootstrap(run: Run, standing: Standing) -> Outcome:
    """Makes the first version ever Production, loudly; from then on only a person moves the alias."""
    number = run.candidate
    if number is None or standing.was_promoted:
        return Outcome("nothing moved: a person promoted a version in the meantime")
    version = standing.existing(number)
    why = "first version: nothing was in production (tracking.bootstrap)"
    decision = Decision(ledger.BOOTSTRAP, _NOBODY, why, number, (_path(version),), _facts_of(version))
    return Outcome(
        f"version {number} is Production because there was none before (tracking.bootstrap)",
        tags={"bootstrapped_version": number},
        warnings=(f"NOBODY REVIEWED version {number}: it scores because it is the first.",),
        effects=(Enter(decision),),
    )


def promote(run: Run, standing: Standing) -> Outcome:
    """Puts a reviewed version into production, as a person decided."""
    name, person = standing.name, signed(run.config.person, "promote", "version", "reviewer", "reason")
    version = _whole(usable(standing.candidate(person["version"]), name))
    review = _reviewed(run, version, standing)
    _refuse_its_author(run, version)
    failed = [f"{gate['name']}: {gate['reason']}" for gate in review["gates"] if not gate["passed"]]
    if failed and not run.config.person.despite_gates:
        raise UserError(
            f"Version {version.number} of model {version.name} failed {len(failed)} of {len(review['gates'])} gates:\n  "
            + "\n  ".join(failed)
            + f"\nHint: read its review; to promote it all the same, which the ledger keeps:\n  "
            f"{hints.promote(version.number, despite_gates=True)}"
        )
    number = version.number if version.name == name else registration.copied(version, name)
    facts = _facts_of(version, review) | {"despite_gates": bool(failed)}
    both = tuple(dict.fromkeys((f"{name}/{number}", _path(version))))
    return Outcome(
        f"version {number} of model {name} is Production (before: {standing.production_number or 'none'}), "
        f"promoted by {person['reviewer']}"
        + (f", although it failed {len(failed)} of {len(review['gates'])} gates" if failed else ""),
        title=f"v{number} promoted, {person['reviewer']}",
        tags={"promoted_version": number, "promoted_by": person["reviewer"], "promotion_reason": person["reason"]},
        warnings=tuple(f"PROMOTED DESPITE the gate {gate}" for gate in failed),
        effects=(
            Enter(Decision(ledger.PROMOTION, person["reviewer"], person["reason"], number, both, facts)),
            ShowDecision(version, review),
        ),
    )


def reject(run: Run, standing: Standing) -> Outcome:
    """Closes a version's review without promoting it, as a person decided."""
    person = signed(run.config.person, "reject", "version", "reviewer", "reason")
    version = standing.candidate(person["version"])
    if standing.candidates == standing.name and version.number == standing.production_number:
        raise UserError(
            f"Version {version.number} of model {version.name} is in production; rejecting it would change nothing."
            f"\nHint: {hints.rollback()}"
        )
    review = _reviewed(run, version, standing)
    facts = _facts_of(version, review)
    return Outcome(
        f"version {version.number} of model {version.name} was rejected by {person['reviewer']}; nothing moved",
        title=f"v{version.number} rejected, {person['reviewer']}",
        tags={
            "rejected_version": version.number,
            "rejected_by": person["reviewer"],
            "rejection_reason": person["reason"],
        },
        effects=(
            Enter(Decision(ledger.REJECTION, person["reviewer"], person["reason"], None, (_path(version),), facts)),
            ShowDecision(version, review),
        ),
    )


def rollback(run: Run, standing: Standing) -> Outcome:
    """Goes back to the version that was in production before, as a person decided."""
    name, person = standing.name, signed(run.config.person, "rollback", "reviewer", "reason")
    left = standing.production_number  # a version whose files are gone can be left as well as one that is whole
    back = ledger.before(standing.decisions, left) if left else ledger.last_in_production(standing.decisions)
    if back is None:
        raise UserError(
            f"Version {left or 'none'} of model {name} has no version before it in the ledger; nothing moved."
            f"\nHint: {hints.promote('N')}"
        )
    version = _whole(usable(standing.existing(back), name))
    unreviewed = f"nobody promoted version {back} through a review."
    decision = Decision(
        ledger.ROLLBACK, person["reviewer"], person["reason"], back, (_path(version),), _facts_of(version)
    )
    return Outcome(
        f"version {back} of model {name} is Production again (before: {left}), rolled back by {person['reviewer']}",
        title=f"v{back} rollback, {person['reviewer']}",
        tags={"promoted_version": back, "promoted_by": person["reviewer"], "promotion_reason": person["reason"]},
        warnings=() if ledger.approved(standing.decisions, back) else (unreviewed,),
        effects=(Enter(decision),),
    )


def acknowledge(run: Run) -> Outcome:
    """Closes the alarm that a monitor opened, as a person decided; nothing else follows by itself."""
    person = signed(run.config.person, "acknowledge", "run_id", "reviewer", "decision", "reason")
    if person["decision"] not in DECISIONS:
        raise UserError(f"person.decision={person['decision']} is none of {', '.join(DECISIONS)}.")
    alarm = alarms.opened(person["run_id"])
    facts = {"decision": person["decision"], "alarm_run": alarm["run_id"], "as_of": alarm["as_of"]}
    about = (f"{alarm['model']}/{alarm['version']}",)
    return Outcome(
        f"alarm of version {alarm['version']} closed by {person['reviewer']}: {person['decision']}, {DECISIONS[person['decision']]}",
        tags={
            "alarm_closed": person["run_id"],
            "reviewer": person["reviewer"],
            "decision": person["decision"],
            "reason": person["reason"],
        },
        effects=(Enter(Decision(ledger.ACKNOWLEDGEMENT, person["reviewer"], person["reason"], None, about, facts)),),
    )


def signed(person: Person, command: str, *keys: str) -> dict[str, str]:
    """Returns what the command line says under the keys: who, why, about what.

    Raises: UserError: it does not say one of them, or says too much.
    """
    values = {key: getattr(person, key) or "" for key in keys}
    if missing := [key for key in keys if not values[key].strip()]:
        again = hints.command(command, **{key: values[key].strip() or _PLACEHOLDERS[key] for key in keys})
        raise UserError(f"{command} needs {', '.join(keys)}; missing: {', '.join(missing)}.\nHint: {again}")
    if long := [key for key in keys if len(values[key]) > _LONGEST]:
        raise UserError(
            f"The {long[0]} has {len(values[long[0]])} characters; the ledger keeps {_LONGEST}.\nHint: a shorter one."
        )
    return values


def _whole(version: Version) -> Version:
    """Raises: UserError: a file of it is not as it was registered, be it one that only MLflow reads."""
    versions.verified(version, versions.MODEL, whole=True)
    versions.verified(version, versions.BASELINE)
    return version


def _reviewed(run: Run, version: Version, standing: Standing) -> dict:
    """The version's review against what is in production now.

    Raises: UserError: there is none, it is closed, it was of other files, or another version is in production by now.
    """
    review, now = reviews.read(version), opponent(version, standing)
    name, then = f"Version {version.number} of model {version.name}", review["against"]
    hint = f"\nHint: {hints.review(version.number)}"
    if now != then:
        raise UserError(
            f"{name} was reviewed against {f'version {then}' if then else 'nothing in production'}; "
            f"now it is {f'version {now}' if now else 'nothing'}.{hint}"
        )
    if review["files_sha256"]["candidate"] != version.tags.get("files_sha256"):
        raise UserError(f"{name} was reviewed with other files than it has now.{hint}")
    judged = review.get("limits", {})
    other = [
        f"{key}={judged.get(key)} (here {value})" for key, value in limits(run).items() if value != judged.get(key)
    ]
    if other:
        raise UserError(f"{name} was judged by other limits than conf/review has: {', '.join(other)}.{hint}")
    return review


def _refuse_its_author(run: Run, version: Version) -> None:
    """Raises: UserError: review.four_eyes, and the reviewer trained the version."""
    author, reviewer = version.author, run.config.person.reviewer or ""
    if run.config.review.four_eyes and plain(author) == plain(reviewer):
        raise UserError(
            f"{reviewer} trained version {version.number} of model {version.name} and cannot promote it (review.four_eyes)."
            "\nHint: another person reviews it."
        )


def plain(name: str) -> str:
    """Returns a name without what the eye does not see: case, width, blanks, invisible characters."""
    visible = "".join(sign for sign in unicodedata.normalize("NFKC", name) if unicodedata.category(sign) != "Cf")
    return " ".join(visible.split()).casefold()


def _path(version: Version) -> str:
    return f"{version.name}/{version.number}"


def _facts_of(version: Version, review: dict | None = None) -> dict:
    """What an entry says of a version: its digests, and what its newest review found; review: where it was read already."""
    facts = {
        "source": _path(version),
        "files_sha256": version.tags.get("files_sha256"),
        "data_sha256": version.facts["data_sha256"],
    }
    try:
        review = review or reviews.read(version)
    except UserError as error:
        return facts | {"review": str(error).splitlines()[0]}
    return facts | {
        "review_sha256": review["sha256"],
        "reviewed_against": review["against"],
        "review_data_sha256": review["data_sha256"],
        "limits": review.get("limits"),
        "gates": gates.PASSED if all(gate["passed"] for gate in review["gates"]) else gates.FAILED,
        "differences": {row["metric"]: row["difference"] for row in review["metrics"] if "difference" in row},
    }
