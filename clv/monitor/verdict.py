"""From findings to a verdict with reasons. The verdict asks a person to look; it changes nothing itself."""

from collections.abc import Mapping

PERSON_DECIDES = "Nothing was retrained and nothing was promoted: a person decides."
KNOWN = ("stable", "warn", "alert", "insufficient")  # any other status counts as an alert
DECISIONS = {
    "keep": "the version stays",
    "retrain": "a person will train and promote another version",
    "redesign": "the model or its data will be changed first",
}


def verdict(findings: Mapping[str, tuple[str, str]], review_at: str) -> tuple[str, list[str]]:
    """`stable` or `review`, and the sentences why.

    Args: findings: check -> status (stable, warn, alert, insufficient) and reason.   review_at: warn or alert, the least that counts.
    """
    counting = ("warn", "alert") if review_at == "warn" else ("alert",)
    reasons = [
        f"{check}: {reason}"
        for level in ("alert", "warn")
        for check, (status, reason) in findings.items()
        if level == (status if status in KNOWN else "alert") and level in counting
    ]
    if reasons:
        return "review", reasons
    if all(status == "insufficient" for status, _ in findings.values()):
        return "review", [
            "Nothing could be judged.",
            *(f"{check}: {reason}" for check, (_, reason) in findings.items()),
        ]
    return "stable", [f"{check}: {reason}" for check, (_, reason) in findings.items()]
