import re

from helpers import ROOT

README = (ROOT / "README.md").read_text()
ENTRY_POINTS = {path.stem for path in (ROOT / "entrypoints").glob("*.py")} - {"__init__", "launch"}


def test_every_command_of_the_readme_exists():
    assert set(re.findall(r"-e ([a-z_]+)", README)) | set(re.findall(r"entrypoints\.([a-z_]+)", README)) <= ENTRY_POINTS
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.M)) <= targets


def test_every_entry_point_and_every_config_group_stands_in_the_readme():
    assert all(re.search(rf"\b{name}\b", README) for name in ENTRY_POINTS)
    assert all(re.search(rf"\b{path.name}\b", README) for path in (ROOT / "conf").iterdir() if path.is_dir())


def test_the_columns_of_each_output_stand_in_the_readme(trained):
    rows = {
        name: next(line for line in README.splitlines() if line.startswith(f"| `{name}`")) for name in trained.columns
    }
    scores = set(trained.columns["clv_ranked_predictions.csv"])  # "the same with cluster_id" in the row of the clusters
    missing = {
        name: [
            column
            for column in columns
            if column not in rows[name]
            and (name, column) not in {("clv_clustered_customers.csv", known) for known in scores}
        ]
        for name, columns in trained.columns.items()
    }
    assert len(rows) == 4 and set(map(tuple, missing.values())) == {()}
