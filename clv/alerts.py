"""One message to the people who asked for it: the only place for apprise. Addresses carry secrets and are never shown."""

import logging
import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Delivery:
    """How many addresses were asked and took the message. problems: a sentence each, without any address."""

    asked: int
    delivered: int
    problems: tuple[str, ...]


def send(variables: list[str], title: str, body: str) -> Delivery:
    """Sends a message to every apprise URL in the environment variables; one variable may hold several, with spaces between. Nothing is
    raised: an alert that fails must not take a run with it.

    Args:   variables: names of environment variables.   body: plain text.

    Source: https://github.com/caronc/apprise/wiki for the URLs of Slack, e-mail, webhooks and the rest.
    """
    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it names addresses
    problems, delivered, asked = [], 0, 0
    for variable in variables:
        urls = os.environ.get(variable, "").split()
        if not urls:
            problems.append(f"the environment variable {variable} is empty")
        for number, url in enumerate(urls, 1):
            asked += 1
            problem = _sent(apprise, url, title, body)
            delivered += not problem
            problems += [f"address {number} of {variable} {problem}"] if problem else []
    return Delivery(asked, delivered, tuple(problems))


def _sent(apprise, url: str, title: str, body: str) -> str | None:
    """Why the message did not go out, or None."""
    try:
        target = apprise.Apprise()
        if not target.add(url):
            return "is not an address that apprise can read"
        return None if target.notify(title=title, body=body) else "did not take the message"
    except Exception as error:  # noqa: BLE001 whatever a plugin raises; its words may hold the address
        return f"failed ({type(error).__name__})"
