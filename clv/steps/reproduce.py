"""A version rebuilt from what its run recorded: the same predictions, or the names of what is different."""

import platform
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np

from clv import data, model
from clv.config import Config, from_yaml
from clv.errors import UserError
from clv.evaluation.measure import OURS, measure
from clv.record import Record
from clv.registry import aliases, versions
from clv.registry.aliases import Version
from clv.steps.promotion import asked
from clv.workspace import Workspace

TOLERANCE = 1e-6  # of a prediction, relative to it where it is above 1
CODE = "model/code/"


def reproduce(work: Workspace) -> Record:
    """Fit again from the recorded configuration and data, and compare predictions on the evaluation's customers. Nothing is registered.

    Raises: UserError: the data are not those, or the predictions are not the same; with every difference by its name.
    """
    asked(work, "reproduce", "version")
    version = aliases.existing(work.config.tracking.model_name, work.config.person.version)
    recorded = from_yaml(versions.recorded_config(version), work.config)
    differences = different_libraries(version) + different_code(version)
    path = data_of(work, version, recorded, differences)
    rebuilt = Workspace(
        replace(
            recorded, data=replace(recorded.data, path=path), outputs=work.config.outputs, tracking=work.config.tracking
        ),
        work.bundle,
        work.now,
    )
    found = measure(rebuilt, rebuilt.plan)
    before = model.predict(versions.load(version), found.evaluation)["predicted_clv"].to_numpy()
    distance = np.abs(found.predicted[OURS] - before)
    off = int((distance > TOLERANCE * np.maximum(1, np.abs(before))).sum())
    said = f"{len(before):,} predictions at {found.plan.evaluation}, the largest difference is {distance.max():.3g}"
    named = "".join(f"\n  {one}" for one in differences) or "\n  none that was recorded"
    if off:
        raise UserError(
            f"Version {version.number} is NOT reproduced: {off} of {said}. Different from then:{named}\nHint: put that right, and run it again."
        )
    return Record(
        f"version {version.number} is reproduced from its configuration and data: {said}",
        metrics={"reproduce/largest_difference": distance.max(), "reproduce/differences_named": len(differences)},
        tags={"reproduced_version": version.number},
        warnings=tuple(f"different from then, and without consequence: {one}" for one in differences),
    )


def data_of(work: Workspace, version: Version, recorded: Config, differences: list[str]) -> str:
    """The file that the version was trained on: the one that is given now, or where there is none, the one of then.

    Raises: UserError: its digest is another one.
    """
    wanted, given = version.facts["data_sha256"], work.config.data.path
    path = given if Path(given).is_file() else recorded.data.path
    digest = data.digest(Path(path)) if Path(path).is_file() else None
    if digest == wanted:
        return path
    found = f"{path} has {digest[:12]}" if digest else f"neither {given} nor {path} is there"
    also = "".join(f"\n  {one}" for one in differences)
    raise UserError(
        f"Version {version.number} was trained on data with sha256 {wanted[:12]} ({recorded.data.path}); {found}. Nothing was rebuilt."
        + (f" Also different:{also}" if also else "")
        + "\nHint: -P data_path=FILE with the file of then."
    )


def different_libraries(version: Version) -> list[str]:
    then = version.facts["libraries"] | {"python": version.facts["python"]}
    now = {name: metadata.version(name) for name in version.facts["libraries"]} | {"python": platform.python_version()}
    return [f"{name} {now[name]}, then {then[name]}" for name in then if then[name] != now[name]]


def different_code(version: Version) -> list[str]:
    """Files of clv/ that are not those which were stored with the version."""
    root = Path(__file__).parents[2]
    then = {
        name.removeprefix(CODE): digest
        for name, digest in versions.recorded_files(version).items()
        if name.startswith(CODE)
    }
    then = {name: digest for name, digest in then.items() if not name.endswith(".pyc")}
    now = {
        str(path.relative_to(root)): data.digest(path)
        for path in sorted((root / "clv").rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }
    changed = sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))
    return [f"code: {len(changed)} files of clv/, {', '.join(changed[:5])}"] if changed else []
