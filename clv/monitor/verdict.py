"""From findings to a verdict with its reasons. An alarm asks a person to look; it changes nothing itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from clv.monitor.finding import ALERT, INSUFFICIENT, STABLE, STATUSES, WARN, Finding

ALARM = "alarm"
PERSON_DECIDES = "Nothing was retrained and nothing was promoted: a person decides."
DECISIONS = {
    "keep": "the version stays",
    "retrain": "a person will train and promote another version",
    "redesign": "the model or its data will be changed first",
}


@dataclass(frozen=True)
class Verdict:
    """Args: word: stable, alarm, or insufficient.
    reasons: the sentences why.
    """

    word: str
    reasons: tuple[str, ...]


def verdict(findings: Mapping[str, Finding], alarm_at: str, incomplete: str = "") -> Verdict:
    """Returns whether a person should look: an alarm where a finding counts, or where an incomplete history lets nothing be judged.

    Too few customers are no reason to look: they make the verdict insufficient.

    Args: findings: by the name of the check; a status that nobody knows counts as an alert.
          alarm_at: warn or alert, the mildest status that counts.
          incomplete: a sentence where the history cannot be the whole one, else empty.
    """
    counting = (ALERT, WARN) if alarm_at == WARN else (ALERT,)
    reasons = tuple(
        _sentence(name, finding)
        for status in counting
        for name, finding in findings.items()
        if status == (finding.status if finding.status in STATUSES else ALERT)
    )
    if reasons:
        return Verdict(ALARM, reasons)
    sentences = tuple(_sentence(name, finding) for name, finding in findings.items())
    if any(finding.status != INSUFFICIENT for finding in findings.values()):
        return Verdict(STABLE, sentences)
    if incomplete or not findings:
        return Verdict(ALARM, ("Nothing could be judged.", *sentences))
    return Verdict(INSUFFICIENT, ("There is too little to judge by.", *sentences))


def in_short(verdict: Verdict, findings: Mapping[str, Finding]) -> str:
    """Returns one line for the terminal: the reasons for the alarm, or what was not judged."""
    if verdict.word != STABLE:
        return " ".join(verdict.reasons)
    unjudged = [_sentence(name, finding) for name, finding in findings.items() if finding.status == INSUFFICIENT]
    judged = len(findings) - len(unjudged)
    return " ".join([f"nothing moved that matters in {judged} of {len(findings)} checks.", *unjudged])


def _sentence(name: str, finding: Finding) -> str:
    return f"{name}: {finding.reason}"
