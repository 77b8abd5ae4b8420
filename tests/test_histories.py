"""Two histories in one project: the bundled sample comes first, then a shop with its profile, then one without."""

import datetime as dt
import re
import shlex
import shutil
import subprocess
import sys
from html import unescape

import pytest
from helpers import ROOT, SMALL, composed, read
from hydra import compose, initialize_config_dir

from clv import config, settings, simulate
from entrypoints import words as launch
from entrypoints.words import checked, hydra_arguments

COMMAND = re.compile(r"mlflow run \. -e \w+(?: -P \w+=(?:\"[^\"]*\"|'[^']*'|[^\s`\"'<]+)+)*")


class Project:
    """A copy of the engine in a folder of its own, run as people do."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("clv", "conf", "entrypoints"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "data" / "raw").mkdir(parents=True)
        for path, first_day, seed in (
            ("data/raw/transactions.csv", "2024-01-01", 3),
            ("my shop.csv", "2021-01-01", 4),
            ("the other.csv", "2020-01-01", 5),
        ):
            simulate.simulate(500, first_day, 730, seed=seed)[0].to_csv(folder / path, index=False)
        self.printed = ""

    def run(self, *arguments):
        """Runs a command, and keeps what it prints."""
        command = [sys.executable, "-m", *arguments]
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.folder),
            "MLFLOW_TRACKING_URI": f"sqlite:///{self.folder}/mlflow.db",
        }
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        text = done.stdout + done.stderr
        self.printed += text
        return done.returncode, text

    def pages(self, folder):
        """The text of the pages of the engine in the outputs of one history."""
        current = self.folder / folder / "current"
        pages = [path for name in ("review", "monitoring") for path in (current / name).glob("*.html")]
        return "\n".join(unescape(path.read_text()) for path in pages if "evidently" not in path.name)

    def production(self):
        """Model -> number of its version in production."""
        from mlflow import MlflowClient

        client = MlflowClient(f"sqlite:///{self.folder}/mlflow.db")
        models = client.search_registered_models()
        return {each.name: int(each.aliases["production"]) for each in models if "production" in each.aliases}

    def descriptions(self, model):
        from mlflow import MlflowClient

        client = MlflowClient(f"sqlite:///{self.folder}/mlflow.db")
        versions = client.search_model_versions(f"name='{model}'")
        notes = [client.get_run(each.run_id).data.tags.get("mlflow.note.content", "") for each in versions]
        return "\n".join([*(each.description or "" for each in versions), *notes])


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The sample, then the shop by check and its profile, then the other history without a profile."""
    project = Project(tmp_path_factory.mktemp("histories"))
    steps = {
        "sample": ["entrypoints.full_pipeline", *SMALL],
        "check": ["entrypoints.check", "--data_path", "my shop.csv"],
        "shop": ["entrypoints.full_pipeline", "--profile", "my_shop", *SMALL],
        "other": ["entrypoints.full_pipeline", "--data_path", "the other.csv", *SMALL],
    }
    project.steps = {}
    for name, arguments in steps.items():
        code, text = project.run(*arguments)
        assert code == 0, text
        project.steps[name] = text
    return project


def configured(project, command):
    """The configuration that a printed command has when it is pasted."""
    pairs = [word.split("=", 1) for word in shlex.split(command)[5:] if word != "-P"]
    words = hydra_arguments([word for name, value in pairs for word in (f"--{name}", value)])
    folder = str(project.folder / "conf")
    with pytest.MonkeyPatch.context() as patch, initialize_config_dir(folder, version_base="1.3"):
        patch.setattr(launch, "CONF", folder)  # profiles are in the project
        return config.load(compose("config", checked(words)))


def test_each_history_has_a_model_of_its_own(project):
    assert project.production() == {"clv": 1, "clv_my_shop": 1, "clv_the_other": 1}
    assert "history: data/raw/transactions.csv; model clv\n" in project.steps["sample"]
    assert "history: the other.csv; model clv_the_other\n" in project.steps["other"]
    assert "this history gets a model of its own, clv_the_other" in project.steps["other"]


def test_the_ranking_of_the_shop_does_not_replace_that_of_the_sample(project):
    shop = read(project.folder / "outputs" / "my_shop" / "clv_ranked_predictions.csv")
    other = read(project.folder / "outputs" / "clv_ranked_predictions.csv")
    assert shop["as_of"].iloc[0] == "2022-12-31" and other["as_of"].iloc[0] == "2021-12-31"


def test_the_shop_took_two_commands(project):
    assert "next: mlflow run . -e full_pipeline -P profile=my_shop" in project.steps["check"]


@pytest.mark.parametrize(
    ("step", "folder", "model", "path"),
    [("shop", "outputs/my_shop", "clv_my_shop", "my shop.csv"), ("other", "outputs", "clv_the_other", "the other.csv")],
)
def test_every_command_that_is_printed_or_written_acts_on_its_own_history(project, step, folder, model, path):
    text = "\n".join([project.steps[step], project.pages(folder), project.descriptions(model)])
    commands = sorted({match.group() for match in COMMAND.finditer(text)})
    entries = {command.split()[4] for command in commands}
    assert {"promote", "reject"} <= entries
    for command in commands:
        values = configured(project, command)
        assert (values.tracking.model_name, values.data.path, values.outputs) == (model, path, folder), command


@pytest.mark.parametrize("command", ["score", "monitor"])
def test_a_version_refuses_another_history_and_leaves_the_outputs_as_they_are(project, command):
    before = (project.folder / "outputs" / "clv_ranked_predictions.csv").read_bytes()
    code, text = project.run(f"entrypoints.{command}", "--data_path", "the other.csv", *SMALL)
    assert code == 65 and "[OTHER_HISTORY] Version 1 of model clv learnt from another history, transactions.csv" in text
    assert (project.folder / "outputs" / "clv_ranked_predictions.csv").read_bytes() == before


def test_check_leaves_a_profile_as_it_is(project):
    profile = project.folder / "conf" / "experiment" / "my_shop.yaml"
    changed = profile.read_text().replace("data:\n", "data:\n  max_customer_share: 0.5\n")
    profile.write_text(changed)
    code, text = project.run("entrypoints.check", "--data_path", "my shop.csv")
    assert code == 0 and "is there already and was left as it is" in text and profile.read_text() == changed
    code, text = project.run("entrypoints.check", "--profile", "my_shop")
    assert code == 0 and "was used as it is" in text and profile.read_text() == changed


def test_check_gives_a_name_of_its_own_to_a_history_whose_name_is_taken(project):
    for name, whose in (("my shop", "reads my shop.csv"), ("deep_trees", "is not the profile of a history")):
        path, profile = f"exports/{name}.csv", name.replace(" ", "_")
        (project.folder / "exports").mkdir(exist_ok=True)
        shutil.copy(project.folder / "the other.csv", project.folder / path)
        before = (project.folder / "conf" / "experiment" / f"{profile}.yaml").read_text()
        for _ in range(2):  # the second time the name is that of this history
            code, text = project.run("entrypoints.check", "--data_path", path)
            assert code == 0 and f"{profile}.yaml {whose}: the profile of this history is called {profile}_2" in text
            command = f"mlflow run . -e full_pipeline -P profile={profile}_2"
            assert f"next: {command}" in text and configured(project, command).data.path == path
        assert (project.folder / "conf" / "experiment" / f"{profile}.yaml").read_text() == before


def test_check_of_another_export_with_a_profile_names_both_in_the_next_command(project):
    code, text = project.run("entrypoints.check", "--profile", "my_shop", "--data_path", "the other.csv")
    command = COMMAND.search(text[text.index("next: ") :]).group()
    values = configured(project, command)
    assert code == 0 and (values.data.path, values.tracking.model_name) == ("the other.csv", "clv_my_shop")


def test_check_says_all_that_is_wrong_and_still_writes_the_profile(project):
    lines = ["id,order_date,revenue", *(f"o{i},2024-01-{1 + i % 28:02},{10 + i}.5" for i in range(600))]
    (project.folder / "orders.csv").write_text("\n".join(lines))
    code, text = project.run("entrypoints.check", "--data_path", "orders.csv")
    assert code == 65 and "[UNIQUE_IDS]" in text and "then: mlflow run . -e check -P profile=orders" in text
    assert (project.folder / "conf" / "experiment" / "orders.yaml").exists()


def test_check_says_that_a_history_is_too_short(project):
    lines = ["id,order_date,revenue", *(f"c{i % 90},2024-01-{1 + i % 28:02},{10 + i}.5" for i in range(300))]
    (project.folder / "short.csv").write_text("\n".join(lines))
    code, text = project.run("entrypoints.check", "--data_path", "short.csv")
    assert code == 65 and "[HISTORY_TOO_SHORT]" in text and "180 are needed" in text


def test_another_history_is_told_by_its_customers_and_their_days_and_not_by_its_amounts(tmp_path):
    from types import SimpleNamespace

    from clv.steps.lineage import stranger

    rows = simulate.simulate(300, "2024-01-01", 500, seed=3)[0]
    as_of = "2025-05-15"

    def of(table):
        table.to_csv(tmp_path / "rows.csv", index=False)
        return settings.history(composed(f"data.path={tmp_path}/rows.csv"), dt.datetime(2029, 1, 1, tzinfo=dt.UTC))

    learnt = " ".join(of(rows).sample(dt.date.fromisoformat(as_of)))
    version = SimpleNamespace(
        number="1", name="clv", facts={"customers_and_days": learnt, "as_of": as_of, "data": "rows.csv"}
    )
    days = rows["order_date"].astype(str)
    of_one = rows[rows["customer_id"] == rows["customer_id"].mode()[0]]
    for same in (
        rows,
        rows.assign(revenue=1.0),
        rows[days >= "2025-01-01"],
        rows.sample(frac=0.3, random_state=1),
        of_one,
    ):
        assert stranger(version, of(same)) is None
    other = simulate.simulate(300, "2024-01-01", 500, seed=4)[0]  # the same ids, and other days
    assert "learnt from another history, rows.csv" in stranger(version, of(other))
    renamed = rows.assign(customer_id="x" + rows["customer_id"].astype(str))
    assert "learnt from another history" in stranger(version, of(renamed))
