"""A version whose files were touched, and models that bring code along: refused before anything of them is read or run."""

import contextlib
import json
import os
import pickle
import random
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
import yaml
from helpers import person
from stores import client

from clv.errors import UserError
from clv.model import files
from clv.monitor import baseline
from clv.registry import versions
from clv.registry.production import Production
from clv.registry.standing import Standing
from clv.run import run_command
from clv.steps import monitoring
from clv.tracking import server


@pytest.fixture
def whole(copied):
    """The version in production: a function that composes on it, and where each of its files lies, the list of their digests last."""
    version = Standing("clv").in_production()
    run = Path(client().get_run(version.run_id).info.artifact_uri.removeprefix("file://"))
    folders = {"model": server.download(f"models:/clv/{version.number}"), "baseline": run / "baseline"}
    listed = [folders[name.split("/")[0]] / name.split("/", 1)[1] for name in versions.recorded_files(version)]
    return copied.config, [*listed, run / versions.LISTING]


@pytest.fixture
def read(monkeypatch):
    """What was read of a version: the folders that the two loaders got."""
    found = []
    for module in (files, baseline):
        load = module.load
        monkeypatch.setattr(module, "load", lambda folder, load=load: [found.append(folder), load(folder)][1])
    return found


def in_production(config):
    return Production(Standing(config.tracking.model_name), Path("nowhere"), require_record=False)


def scores(config):
    return in_production(config).model


def monitors(config):
    return monitoring.baseline_of(in_production(config).version)


def refused(step, config, read):
    with pytest.raises(UserError):
        step(config)
    return read == []


def flipped(path, chance):
    """The bytes with one bit changed."""
    found = bytearray(path.read_bytes())
    bit = chance.randrange(len(found) * 8)
    found[bit // 8] ^= 1 << bit % 8
    return bytes(found)


def flips(whole, read, count):
    """How many of so many flips were refused before loading, by score (model files) and by the monitor (all files)."""
    config, paths = whole
    chance, held = random.Random(count), 0
    paths = [path for path in paths if path.stat().st_size]
    for number in range(count):
        path = paths[number % len(paths)] if number < len(paths) else chance.choice(paths)
        before = path.read_bytes()
        try:
            path.write_bytes(flipped(path, chance))
            steps = [monitors] if path.parent.name == "baseline" else [scores, monitors]
            held += all(refused(step, config(), read) for step in steps)
        finally:
            path.write_bytes(before)
    return held


def test_a_flipped_bit_is_refused_before_anything_is_loaded(whole, read):
    config, paths = whole
    assert (
        flips(
            (config, [path for path in paths if path.name in ("model.json", "sketches.parquet", "quantiles.ubj")][:3]),
            read,
            3,
        )
        == 3
    )
    assert scores(config()) and monitors(config()) and len(read) == 2


@pytest.mark.slow
def test_200_flipped_bits_in_model_and_baseline_files(whole, read, told):
    held = flips(whole, read, 200)
    told(f"one bit of a version's {len(whole[1])} files is flipped", 200, f"{held} refused before anything was loaded")
    assert held == 200
    assert scores(whole[0]()) and monitors(whole[0]())


def added(folder):
    (folder / "more.json").write_text("{}")
    return (folder / "more.json").unlink


def link_out(folder):
    path = next(folder.rglob("model.json"))
    path.rename(folder.parent / "elsewhere.json")
    path.symlink_to(folder.parent / "elsewhere.json")
    return lambda: (path.unlink(), (folder.parent / "elsewhere.json").rename(path))


def link_to_folder(folder):
    (folder / "more").symlink_to(folder.parent)
    return (folder / "more").unlink


@pytest.mark.parametrize("change", [added, link_out, link_to_folder])
def test_an_added_file_and_a_link_out_of_the_folder_are_refused_before_loading(whole, read, change):
    back = change(server.download(f"models:/clv/{Standing('clv').in_production().number}"))
    try:
        assert refused(scores, whole[0](), read)
    finally:
        back()


@pytest.mark.parametrize("listing", ["", "[]", '{"model/../../../etc/passwd": "0"}', "[" * 100_000])
def test_a_listing_that_is_gone_or_is_no_listing_is_refused_although_the_tag_has_its_digest(whole, read, listing):
    config, paths = whole
    path, version = paths[-1], Standing("clv").in_production()
    before, tag = path.read_text(), version.tags["files_sha256"]
    try:
        path.write_text(listing) if listing else path.unlink()
        if len(listing) in range(1, 100):
            with contextlib.suppress(ValueError):
                client().set_model_version_tag(
                    "clv", version.number, "files_sha256", versions.digest_of(json.loads(listing))
                )
        assert refused(scores, config(), read) and refused(monitors, config(), read)
    finally:
        path.write_text(before)
        client().set_model_version_tag("clv", version.number, "files_sha256", tag)


def test_other_files_with_a_listing_and_a_tag_that_fit_them_are_refused_by_the_ledger(whole, read):
    config, paths = whole
    version, changed = Standing("clv").in_production(), next(path for path in paths if path.name == "model.json")
    before, listing, tag = changed.read_bytes(), paths[-1].read_text(), version.tags["files_sha256"]
    try:
        changed.write_bytes(before + b" ")
        known = versions.digests(server.download(f"models:/clv/{Standing('clv').in_production().number}"), "model")
        found = json.loads(listing) | known
        paths[-1].write_text(json.dumps(found))
        client().set_model_version_tag("clv", version.number, "files_sha256", versions.digest_of(found))
        with pytest.raises(
            UserError, match="is not what was put into production: entry [0-9]+ of the ledger has the digest"
        ):
            scores(config())
        assert read == []
    finally:
        changed.write_bytes(before)
        paths[-1].write_text(listing)
        client().set_model_version_tag("clv", version.number, "files_sha256", tag)


TOUCH = "import os, pathlib\nif os.environ.get('ARMED'): pathlib.Path(os.environ['ARMED']).touch()\n"
MODEL = (
    TOUCH
    + "import mlflow\nclass Quiet(mlflow.pyfunc.PythonModel):\n    def predict(self, context, model_input): return model_input\n"
)


class Pickled:
    """Touches the file when it is unpickled."""

    def __reduce__(self):
        return exec, (TOUCH,)


def loader_module(folder, source):
    (source / "brought.py").write_text(TOUCH + "def _load_pyfunc(path): return object()\n")
    mlflow.pyfunc.save_model(folder, loader_module="brought", code_paths=[str(source / "brought.py")], **FACTS)


def models_from_code(folder, source):
    (source / "script.py").write_text(MODEL + "mlflow.models.set_model(Quiet())\n")
    mlflow.pyfunc.save_model(folder, python_model=str(source / "script.py"), **FACTS)


def yaml_of(folder):
    return yaml.safe_load((folder / "MLmodel").read_text())


def python_function_pickle(folder, source):
    models_from_code(folder, source)
    flavor = yaml_of(folder)
    flavor["flavors"]["python_function"] = {"loader_module": "mlflow.pyfunc.model", "python_model": "python_model.pkl"}
    (folder / "MLmodel").write_text(yaml.safe_dump(flavor))
    (folder / "python_model.pkl").write_bytes(pickle.dumps(Pickled()))


def sklearn_pickle(folder, source):
    models_from_code(folder, source)
    flavor = yaml_of(folder)
    sklearn = {"pickled_model": "model.pkl", "serialization_format": "pickle", "sklearn_version": "1.9.1"}
    flavor["flavors"] = {
        "python_function": {"loader_module": "mlflow.sklearn", "model_path": "model.pkl"},
        "sklearn": sklearn,
    }
    (folder / "MLmodel").write_text(yaml.safe_dump(flavor))
    (folder / "model.pkl").write_bytes(pickle.dumps(Pickled()))


def our_name(folder, source):
    (source / "clv").mkdir()
    (source / "clv/__init__.py").write_text(TOUCH + "def _load_pyfunc(path): return object()\n")
    mlflow.pyfunc.save_model(folder, loader_module="clv", code_paths=[str(source / "clv")], **FACTS)


HOSTILE = [loader_module, models_from_code, python_function_pickle, sklearn_pickle, our_name]


def registered(make, tmp_path):
    """The model in production under our name, with facts, files and tags as a version of ours has them."""
    FACTS["metadata"] = {"clv": Standing("clv").in_production().facts | {"model": make.__name__}}
    make(tmp_path / "made", tmp_path)
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(tmp_path / "made"), "made")
        mlflow.log_artifacts(
            str(server.download(f"runs:/{Standing('clv').in_production().run_id}/baseline")), "baseline"
        )
        found = versions.digests(tmp_path / "made", "model") | versions.digests(
            server.download(f"runs:/{run.info.run_id}/baseline"), "baseline"
        )
        mlflow.log_dict(found, versions.LISTING)
    client().create_registered_model(make.__name__)
    tags = {"files_sha256": versions.digest_of(found)}
    client().create_model_version(make.__name__, f"{run.info.artifact_uri}/made", run.info.run_id, tags=tags)
    client().set_registered_model_alias(make.__name__, "production", "1")


FACTS = {"pip_requirements": ["mlflow"]}


def runs_when_loaded(make, marker, tmp_path):
    """Whether the model's code is alive: MLflow runs it, with pickles allowed."""
    script = f"import mlflow; mlflow.pyfunc.load_model('models:/{make.__name__}/1')"
    allowed = {"ARMED": str(marker), "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "true"}
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=os.environ | allowed, capture_output=True)
    found = marker.exists()
    marker.unlink(missing_ok=True)
    return found


def executed(make, copied, tmp_path, monkeypatch):
    """Whether score, monitor, review or promote ran the code; each of them has to refuse the version."""
    marker = tmp_path / "marker"
    name = (f"tracking.model_name={make.__name__}", f"outputs={tmp_path}/outputs")
    registered(make, tmp_path)
    monkeypatch.setenv("ARMED", str(marker))
    for step in ("score", "monitor", "review", "promote"):
        with pytest.raises(UserError):
            run_command(step, copied.config(*name, *person("1")))
    return marker.exists()


@pytest.mark.parametrize("make", HOSTILE[:1])
def test_a_model_that_brings_code_along_is_refused_and_the_code_is_not_run(make, copied, tmp_path, monkeypatch):
    assert not executed(make, copied, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("make", HOSTILE)
def test_no_model_of_five_kinds_runs_its_code(make, copied, tmp_path, monkeypatch, told):
    ran = executed(make, copied, tmp_path, monkeypatch)
    alive = runs_when_loaded(make, tmp_path / "marker", tmp_path)
    kind = make.__name__.replace("_", " ")
    told(f"a model that carries code: {kind}", "4 commands", f"refused by 4, its code ran {int(ran)} times")
    assert alive and not ran
