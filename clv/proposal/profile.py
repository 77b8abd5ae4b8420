"""A proposal as a file of conf/experiment/: a person reads it, changes it, and every command takes it by its name."""

import re
from pathlib import PurePath
from typing import Any

import yaml

from clv.proposal import Proposal

WRITTEN_BY = "# A profile: how to read"
_NO_NAME = "history"
_LONGEST = 40
_ENDINGS = r"(\.(csv|tsv|txt|gz|zip|parquet|json|jsonl|ndjson|xlsx|db|duckdb|sqlite|dat|prn))+$"
_DAY = r"[_\W]*(19|20)\d\d([_-]?\d\d){0,2}([T_-]?\d{4,6})?Z?$"


def name_of(path: str) -> str:
    """Returns the name of the history of a path: letters, digits and _; without the day that an export was made on.

    >>> name_of("exports/Sales Report 2026-11-26.csv.gz"), name_of("postgresql://host/shop"), name_of("2024.csv")
    ('sales_report', 'shop', 'history')
    """
    stem = re.sub(_ENDINGS, "", PurePath(path.split(";")[0].rstrip("/*")).name, flags=re.IGNORECASE)
    slug = re.sub(r"\W+", "_", re.sub(_DAY, "", stem), flags=re.ASCII).strip("_").lower()[:_LONGEST].strip("_")
    return slug if slug[:1].isalpha() else f"{_NO_NAME}_{slug}".rstrip("_")


def path_of(text: str) -> str | None:
    """Returns the path of the history that a profile reads; None: it names none.

    >>> path_of("data: {path: shop.csv}"), path_of("model: {rounds: 40}")
    ('shop.csv', None)
    """
    try:
        path = yaml.safe_load(text)["data"]["path"]
    except (yaml.YAMLError, KeyError, TypeError):
        return None
    return path.replace("\\${", "${") if isinstance(path, str) else None


def profile(name: str, path: str, proposal: Proposal, heading: list[str], doubts: list[str]) -> str:
    """Returns the text of conf/experiment/NAME.yaml.

    Args: path: of the history.   heading: lines for the top, without the sign of a comment.   doubts: what the reading warned of, a sentence each.
    """
    evidence, columns = proposal.evidence, proposal.roles.columns
    lines = [
        "# @package _global_",
        f"{WRITTEN_BY} {_in_one_line(path)}",
        *(f"# {_in_one_line(line)}" for line in heading),
    ]
    lines += [f"# DECIDE: {_in_one_line(sentence)}" for sentence in proposal.choices]
    lines += [f"# LOOK: {_in_one_line(sentence)}" for sentence in (*proposal.traps, *doubts)]
    lines += [f"profile: {name}", "data:", f"  path: {_value(path)}", "  columns:" if columns else "  columns: {}"]
    lines += [_entry(role, theirs, evidence.get(role), "    ") for role, theirs in columns.items()]
    lines += [f"    # {role}: NAME   # no column was taken for it" for role in proposal.missing]
    lines += [_entry(key, value, evidence.get(key), "  ") for key, value in sorted(proposal.settings.items())]
    lines += ["tracking:", f"  model_name: clv_{name}   # this history's own model", f"outputs: outputs/{name}"]
    return "\n".join(lines) + "\n"


def _entry(key: str, value: Any, why: str | None, indent: str) -> str:
    return f"{indent}{key}: {_value(value)}" + (f"   # {_in_one_line(why)}" if why else "")


def _value(value: Any) -> str:
    """As YAML and OmegaConf read it back, on one line."""
    plain = list(value) if isinstance(value, tuple) else value
    text = (
        yaml.safe_dump(plain, default_flow_style=True, allow_unicode=True, width=1_000_000)
        .removesuffix("\n")
        .removesuffix("\n...")
    )
    return text.replace("${", "\\${") if not text.startswith('"') else text.replace("${", "\\\\${")


def _in_one_line(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in " ".join(text.split()))
