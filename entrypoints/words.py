"""The words of a command line, MLflow's or Hydra's: each sets a key of conf/, taken literally, or is refused with what may have been meant."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override
from hydra.errors import HydraException

from clv import config
from clv.errors import UserError
from clv.wording import meant, nearest

CONF = str(Path(__file__).resolve().parent.parent / "conf")

# The parameters that MLproject declares by name, and the key of conf/ that each of them sets.
NAMED = {
    "profile": "experiment",
    "data_path": "data.path",
    "as_of": "window.as_of",
    "horizon_days": "window.horizon_days",
    "cutoffs": "backtest.cutoffs",
    "version": "person.version",
    "reviewer": "person.reviewer",
    "reason": "person.reason",
    "run_id": "person.run_id",
    "decision": "person.decision",
    "despite_gates": "person.despite_gates",
    "at": "ask.at",
    "verify": "ask.verify",
    "settle": "ask.settle",
    "customer": "ask.customer",
    "before": "ask.before",
    "after": "ask.after",
    "drop": "ask.drop",
}

EXPERIMENT = "experiment="
HYDRA_FLAGS = ("--multirun", "--help", "--info", "--cfg")
SHOWN = (
    "job",
    "hydra",
    "all",
    "config",
    "defaults",
    "defaults-tree",
    "plugins",
    "searchpath",
)  # what --cfg and --info take
KEYS = "every key and its unit is listed in conf/."


def hydra_arguments(arguments: list[str]) -> list[str]:
    """Returns MLflow's `--name value` pairs as Hydra's `key=value`; Hydra's own flags come first, anything else stays as it is.

    A named parameter left empty is left out; `--overrides "a=1 b=2"` is split as a shell would.

    Raises: UserError: a shell could not split the overrides.
    """
    words_of: list[str] = []
    rest = iter(arguments)
    for word in rest:
        name = word.removeprefix("--")
        if word in HYDRA_FLAGS or not word.startswith("--"):
            words_of.append(word)
        elif name == "overrides":
            words_of += words(next(rest, ""))
        elif name not in NAMED:
            words_of.append(f"{name}={next(rest, '')}")
        elif value := next(rest, ""):
            words_of.append(_named(name, value))
    is_sweep = "--multirun" in words_of
    words_of = [_with_its_key(word, is_sweep) for word in words_of]
    return sorted(map(safe, _with_one_experiment(words_of)), key=lambda word: word not in HYDRA_FLAGS)


def _named(name: str, value: str) -> str:
    """The key that a parameter of MLproject sets, with its value taken literally."""
    if name == "cutoffs":
        return f"{NAMED[name]}=[{','.join(quoted(day.strip()) for day in value.split(','))}]"
    return f"{NAMED[name]}={quoted(value)}"


def _with_its_key(word: str, is_sweep: bool) -> str:
    """A word NAME=VALUE, with a parameter's name, as the key that it sets. A value that is quoted, a list or swept over stays as it is."""
    name, equals, value = word.partition("=")
    if not equals or name not in NAMED:
        return word
    if name == "profile" or (is_sweep and "," in value) or re.fullmatch(r"'.*'|\".*\"|\[.*\]|\w+\(.*\)", value, re.S):
        return f"{NAMED[name]}={value}"
    return _named(name, value)


def _with_one_experiment(words_of: list[str]) -> list[str]:
    """A profile and other files of conf/experiment/ are one list for Hydra; later ones win."""
    names = [word.removeprefix(EXPERIMENT).strip("[]") for word in words_of if word.startswith(EXPERIMENT)]
    if len(names) < 2:
        return words_of
    rest = [word for word in words_of if not word.startswith(EXPERIMENT)]
    return [*rest, f"{EXPERIMENT}[{','.join(names)}]"]


def naming_the_history(arguments: Sequence[str]) -> tuple[str, ...]:
    """Returns the words of a command line that say which history it is about, and where its model and its outputs are."""
    return tuple(_plain(word) for word in arguments if re.match(r"(experiment|data|tracking|outputs)[.=]", word))


def _plain(word: str) -> str:
    """Without the quotes of a value that needs none."""
    return re.sub(r"^([\w.]+)='([\w./:@-]+)'$", r"\1=\2", word)


def words(overrides: str) -> list[str]:
    try:
        return shlex.split(overrides)
    except ValueError as error:
        raise UserError(
            f"-P overrides={overrides}: {error}.\n"
            "Hint: a value with a quote in it goes into escaped double quotes, as in "
            """-P overrides="data.path=\\"o'brien.csv\\"" ."""
        ) from error


def safe(word: str) -> str:
    """Returns key=value, its value quoted where Hydra's grammar would stumble over a letter, as in Käufer or o'brien."""
    key, equals, value = word.partition("=")
    stumbles = re.search(r"[^\x20-\x7e]|['\"=#&;!<>~^`\[\]{}]", value) and not re.fullmatch(
        r"'.*'|\".*\"|\[.*\]|{.*}", value, re.S
    )
    return f"{key}={quoted(value)}" if equals and stumbles else word


def quoted(value: str) -> str:
    """Returns a value in Hydra's grammar, taken literally whatever characters are in it."""
    escaped = re.sub(r"(\\*)('|$)", lambda match: match[1] * 2 + ("\\'" if match[2] else ""), value)
    return "'" + escaped.replace("${", "\\${") + "'"


def checked(arguments: list[str]) -> list[str]:
    """Returns the arguments when every word sets a key of conf/. Values are not shown: a password may be in the wrong place.

    Raises: UserError: a word does anything else.
    """
    for word in arguments:
        shows = word in SHOWN and {"--cfg", "--info"} & set(arguments)
        if word not in HYDRA_FLAGS and not shows:
            override = parsed(word)
            if problem := refusal(override) or ("--multirun" not in arguments and ambiguous(override)):
                raise UserError(f"configuration: {override.key_or_group}: {problem}")
    return arguments


def parsed(word: str) -> Override:
    key = word.partition("=")[0]
    try:
        return OverridesParser.create().parse_override(word)
    except HydraException as error:
        what = f"{key}: its value cannot be read" if "=" in word else f"{key} is not a key=value"
        raise UserError(f"configuration: {what}.\nHint: {KEYS} Flags are {', '.join(HYDRA_FLAGS)}.") from error


def refusal(override: Override) -> str | None:
    """Returns why the command line may not say this; None where it may."""
    key = override.key_or_group
    if re.match(r"hydra\b", key):
        return "Hydra's own settings stay as they are.\nHint: outputs=FOLDER says where results go."
    if override.is_delete():
        return f"a key cannot be taken out.\nHint: give it another value; {KEYS}"
    if override.package is not None or not (((Path(CONF) / key).is_dir() and key != ".") or config.is_key(key)):
        near = _meant(key)
        return f"there is no such key.\nHint: {near}{KEYS.capitalize() if near else KEYS}"
    value = override.value()
    if (Path(CONF) / key).is_dir() and isinstance(value, str | list):
        return _no_file(key, list(map(str, value)) if isinstance(value, list) else [value])
    return None


def _no_file(group: str, names: list[str]) -> str | None:
    """Why these are no files of the group; None where they are."""
    if not all(re.fullmatch(r"\w+", name) for name in names):
        return f"a file of conf/{group}/ is named by letters, digits and _ alone."
    files = {path.stem for path in (Path(CONF) / group).glob("*.yaml")}
    if files.issuperset(names):
        return None
    way_out = "; `check` writes the profile of a history" if f"{group}=" == EXPERIMENT else ""
    near = next(filter(None, (meant(name, files, f"{group}=") for name in names)), "")
    return f"conf/{group}/ has no file of that name.\nHint: {near}{'The' if near else 'the'} names are {', '.join(sorted(files))}{way_out}."


def ambiguous(override: Override) -> str | None:
    if override.is_sweep_override():
        return "several values at once.\nHint: --multirun runs each; a list stands in brackets, as in [7,30]."
    return None


def _meant(key: str) -> str:
    """What a key that does not exist may stand for: a parameter or a group, a whole key, or the last word of one."""
    keys = config.names()
    groups = [path.name for path in Path(CONF).iterdir() if path.is_dir()]
    first = keys if "." in key else [*NAMED, *groups, *(name for name in keys if "." not in name)]
    last = {name.split(".")[-1]: name for name in reversed(keys)}
    for word, known in ((key, {name: name for name in first}), (key.split(".")[-1], last)):
        if near := nearest(word, known):
            return f"did you mean {' or '.join(known[name] for name in near[:3])}? "
    return ""


def sweeps(arguments: list[str]) -> dict[str, int]:
    """Returns the keys that a sweep varies, and how many values each takes. arguments: of checked()."""
    overrides = [parsed(word) for word in arguments if word not in HYDRA_FLAGS]
    return {override.key_or_group: _choices(override) for override in overrides if override.is_sweep_override()}


def _choices(sweep: Override) -> int:
    if isinstance(pattern := sweep.value(), Glob):
        return len(pattern.filter([path.stem for path in (Path(CONF) / sweep.key_or_group).glob("*.yaml")]))
    return len(list(sweep.sweep_iterator()))
