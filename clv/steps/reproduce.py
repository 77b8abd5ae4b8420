"""A version rebuilt from what its run recorded: the same predictions, or the names of what is different."""

import platform
from dataclasses import replace
from pathlib import Path

import numpy as np

from clv import data, libraries, model, settings
from clv.config import Config, from_yaml
from clv.errors import Code, InputError, UserError
from clv.evaluation.measure import OURS, measure
from clv.history import History
from clv.outcome import Outcome, Run
from clv.registry import versions
from clv.registry.standing import Standing
from clv.registry.versions import Version
from clv.steps.promotion import signed
from clv.wording import counted

_TOLERANCE = 1e-6  # of a prediction, relative to it where it is above 1
_CODE = "model/code/"


def reproduce(run: Run, standing: Standing) -> Outcome:
    """Fits again from the recorded configuration and data, and compares predictions on the evaluation's customers. Nothing is registered.

    Raises: UserError: the data are not those, or the predictions are not the same; with every difference by its name.
    """
    person = signed(run.config.person, "reproduce", "version")
    version = standing.existing(person["version"])
    recorded = from_yaml(versions.recorded_config(version), run.config)
    differences = different_libraries(version) + _different_code(version)
    recorded, history = _data_of(run, version, recorded, differences)
    plan = settings.plan(recorded, history)
    rebuilt = measure(history, plan, settings.recipe(recorded, plan, history))
    before = model.predict(versions.load(version), rebuilt.evaluation)["predicted_clv"].to_numpy()
    distance = np.abs(rebuilt.predicted[OURS] - before)
    off = int((distance > _TOLERANCE * np.maximum(1, np.abs(before))).sum())
    result = f"{len(before):,} predictions at {plan.evaluation}, the largest difference is {distance.max():.3g}"
    if off:
        names = "".join(f"\n  {difference}" for difference in differences) or "\n  none that was recorded"
        raise UserError(
            f"Version {version.number} is NOT reproduced: {off} of {result}. Different from then:{names}\nHint: put that right, and run it again."
        )
    return Outcome(
        f"version {version.number} is reproduced from its configuration and data: {result}",
        metrics={"reproduce/largest_difference": distance.max(), "reproduce/differences_named": len(differences)},
        tags={"reproduced_version": version.number},
        warnings=tuple(f"different from then, and without consequence: {difference}" for difference in differences),
    )


def _data_of(run: Run, version: Version, recorded: Config, differences: list[str]) -> tuple[Config, History]:
    """The history that the version was trained on, and the configuration that reads it: from the path that is given now, or else from that of then.

    Raises: UserError: the digest of neither is that of then.
    """
    recorded_digest, facts = version.facts["data_sha256"], []
    for path in dict.fromkeys((run.config.data.path, recorded.data.path)):
        config = replace(recorded, data=replace(recorded.data, path=path))
        history = settings.history(config, run.now)
        try:
            digest = history.quality.sha256
        except InputError as error:
            facts.append(f"{path} is not there" if error.code == Code.NO_FILE else f"{path} cannot be read: {error}")
            continue
        if digest == recorded_digest:
            return config, history
        facts.append(f"{path} has {digest[:12]}")
    also = "".join(f"\n  {difference}" for difference in differences)
    raise UserError(
        f"Version {version.number} was trained on data with sha256 {recorded_digest[:12]} ({recorded.data.path}); "
        f"{' and '.join(facts)}. Nothing was rebuilt."
        + (f" Also different:{also}" if also else "")
        + "\nHint: -P data_path=FILE with the file of then."
    )


def different_libraries(version: Version) -> list[str]:
    """Returns the libraries, and Python, that are not of the version's training: name, version now, version then."""
    then = version.facts["libraries"] | {"python": version.facts["python"]}
    now = libraries.versions(version.facts["libraries"]) | {"python": platform.python_version()}
    return [f"{name} {now[name]}, then {then[name]}" for name in then if then[name] != now[name]]


def _different_code(version: Version) -> list[str]:
    """Files of clv/ that are not those which were stored with the version."""
    root = Path(__file__).parents[2]
    then = {
        name.removeprefix(_CODE): digest
        for name, digest in versions.recorded_files(version).items()
        if name.startswith(_CODE)
    }
    now = {
        str(path.relative_to(root)): data.digest(path)
        for path in sorted((root / "clv").rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }
    changed = sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))
    return [f"code: {counted(len(changed), 'file')} of clv/, {', '.join(changed[:5])}"] if changed else []
