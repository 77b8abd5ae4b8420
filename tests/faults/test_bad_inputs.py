"""Files that the outside world writes, and mutations of a good one: right, quarantined or refused; never silently wrong."""

import csv
import io
import os
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from datetime import date
from decimal import Decimal

import duckdb
import pytest
from bad_files import GOOD, NAMES, all_files, truth
from helpers import ROOT
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from clv import data as contract_of
from clv.errors import InputError

FILES = all_files()
LIMITS = contract_of.Limits(0.01, 10000, 0.01, 0.002, 0.001)
ANYTHING = contract_of.Limits(1, 10**9, 1, 1, 1)
CONNECTION = duckdb.connect(config={"threads": 1})


def outcome(path, limits=LIMITS, **settings_of_file):
    """What is read: net revenue and last day by customer, and the lines of the rejects; or the refusal."""
    CONNECTION.execute("DROP TABLE IF EXISTS purchases")
    columns = {name: name for name in NAMES} | settings_of_file.pop("columns", {})
    contract = contract_of.Contract(columns, "2012-01-01", **settings_of_file)
    try:
        history = contract_of.read(str(path), contract, CONNECTION)
    except InputError as error:
        return error
    if error := contract_of.refusal(history, limits, str(path)):
        return error
    query = "SELECT customer_id, SUM(revenue), MAX(order_date) FROM purchases GROUP BY 1"
    sums = {who: (net, str(last)) for who, net, last in CONNECTION.execute(query).fetchall()}
    return sums, tuple(history.rejected["line"])


def judged(file, path):
    """right, quarantined or refused, as it should be; else what is wrong."""
    path.write_bytes(file.content)
    result = outcome(path, **file.settings)
    if isinstance(result, InputError):
        place = result.where.startswith(str(path)) or str(path) in result.what
        one_line = re.fullmatch(r"\[[A-Z_]+\] [^\n]+ -- fix: [^\n]+", str(result))
        return "refused" if result.code == file.code and place and one_line else f"{file.name}: {result}"
    if result != (file.right, file.lines) or file.code:
        return f"{file.name}: {result[1]} set aside, {file.code or file.lines} expected, or the sums are not those"
    return "quarantined" if file.lines else "right"


def figures(files, folder, told):
    verdicts = Counter(judged(file, folder / "sales.csv") for file in files)
    good = {kind: verdicts.pop(kind, 0) for kind in ("right", "quarantined", "refused")}
    counts = ", ".join(f"{number} {kind}" for kind, number in good.items())
    told(
        "a file that the outside world wrote",
        f"{len(files)} files",
        f"{counts}, {sum(verdicts.values())} silently wrong",
    )
    assert not verdicts, "\n".join(verdicts)


def test_no_file_is_silently_wrong_short(tmp_path, told):
    figures(FILES[::4], tmp_path, told)


@pytest.mark.slow
def test_no_file_is_silently_wrong(tmp_path, told):
    assert len(FILES) >= 90
    figures(FILES, tmp_path, told)


@pytest.mark.slow
def test_the_command_line_refuses_in_one_line_with_exit_code_65(tmp_path, told):
    refusals = [file for file in FILES if file.code and not file.settings][::12]
    for file in refusals:
        (tmp_path / "sales.csv").write_bytes(file.content)
        process = subprocess.run(
            [sys.executable, "-m", "entrypoints.features", "data.path=sales.csv"],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        assert process.returncode == 65 and process.stderr.startswith(f"[{file.code}] "), file.name
        assert process.stderr.count("\n") == 1 and not list(tmp_path.glob("outputs/clv_*")), file.name
        assert (tmp_path / "outputs/data_quality/data_quality.json").stat().st_mode & 0o077 == 0
    told("a file that is refused, on the command line", f"{len(refusals)} files", "one line each, exit code 65")


# Mutations of a good file. A slower, stricter reader says what is true of them, and customers of whom no line was touched keep their sums.

NOTES = ("", '"a, b"', '"said ""no"""', "plain")
LINES = [f"{','.join(row)},{NOTES[number % 4]}" for number, row in enumerate(GOOD[:240])]
HEADER = ",".join([*NAMES, "note"])
BYTES = "\n".join([HEADER, *LINES, ""]).encode()


@st.composite
def mutations(draw):
    """One to three changes of the bytes or lines of the file."""
    data = BYTES
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["flip", "insert", "cut", "drop", "repeat", "swap", "move", "splice"]))
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        lines = data.split(b"\n")
        number = draw(st.integers(0, max(len(lines) - 1, 0)))
        if kind == "flip":
            data = data[:at] + bytes([(data[at] ^ 1 << draw(st.integers(0, 7))) if data else 0]) + data[at + 1 :]
        elif kind == "insert":
            data = (
                data[:at]
                + draw(st.sampled_from([b'"', b'""', b"\0", b",", b";", b"\n", b"\r", b"-", b"\xff", b" "]))
                + data[at:]
            )
        elif kind == "cut":
            data = data[:at]
        elif kind == "splice":
            data = data[:at] + data[at + draw(st.integers(1, 60)) :]
        else:
            data = b"\n".join(moved(lines, kind, number, draw(st.integers(0, 3))))
        data = data or BYTES
    return data  # fmt: skip


def moved(lines, kind, number, field):
    line = lines[number]
    if kind == "drop":
        return lines[:number] + lines[number + 1 :]
    if kind == "repeat":
        return lines[:number] + [line] + lines[number:]
    if kind == "move":
        return [*lines[:number], *lines[number + 1 : -1], line, lines[-1]]
    if number == 0:  # a header with its names swapped is another file's, and a good one
        return lines
    parts = line.split(b",")
    parts[field % len(parts)], parts[0] = parts[0], parts[field % len(parts)]
    return [*lines[:number], b",".join(parts), *lines[number + 1 :]]


def strict(data):
    """Sums by customer and the number of rejects, as a slow reader of one kind of file has them; None: it is no such file."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return None
    rows = [row for row in rows if "".join(row).strip()]
    header = [name.strip(" \"'").casefold().replace(" ", "_").replace("-", "_") for name in rows[0]] if rows else []
    if not set(NAMES) <= set(header) or "\0" in data.decode("utf-8-sig") or {len(row) for row in rows} != {len(header)}:
        return None
    places = [header.index(name) for name in NAMES]
    rows = [readable(*(row[place] for place in places)) for row in rows[1:]]
    return truth([row for row in rows if row]), rows.count(None)


def readable(who, day, amount):
    """The row as it counts, or None."""
    who, day, amount = (" ".join(text.split(" ")).strip(" ") for text in (who, day, amount))
    who = unicodedata.normalize("NFC", who)
    try:
        seen = date.fromisoformat(day)
        number = Decimal(amount)
    except (ValueError, ArithmeticError):
        return None
    is_id = who and not {unicodedata.category(sign) for sign in who} & {"Cc", "Cf", "Cn", "Co", "Zl", "Zp"}
    is_id = is_id and not re.fullmatch(r"[-+]?\d+[.,]\d+|\d{4}-\d\d-\d\d([T ].*)?", who)
    fits = (
        len(day) == 10 and date(1990, 1, 1) <= seen < date(2012, 1, 1) and number.is_finite() and abs(number) <= 10**9
    )
    plain = re.fullmatch(r"[-+]?(\d+(\.\d+)?|\.\d+)([eE][-+]?\d+)?", amount, re.ASCII)
    return (who, day, amount) if is_id and fits and plain else None


def untouched(data):
    """Customers all of whose lines are still there, and no others with their id."""
    before, after = Counter(LINES), Counter(re.split(r"\r\n?|\n", data.decode(errors="replace")))
    changed = "\n".join([*(before - after), *(after - before)])
    return {line.split(",")[0] for line in LINES} - set(re.findall(r"c\d{3}", changed))


def hold(data, path):
    path.write_bytes(data)
    result, expected = outcome(path, ANYTHING), strict(data)
    if isinstance(result, InputError):
        return "refused"
    sums, rejected = result
    original = truth([tuple(line.split(",")[:3]) for line in LINES])
    lines = data.decode("utf-8-sig").split("\n")
    spared = untouched(data) - {original and lines[number - 1].split(",")[0] for number in rejected}
    assert {who: sums.get(who) for who in spared} == {who: original[who] for who in spared}
    assert expected is not None, "the strict reader refuses what was read"
    cut = rejected and not data.endswith(b"\n") and len(rejected) == expected[1] + 1
    assert sums == expected[0] or cut, "the strict reader has other sums"
    assert len(rejected) == expected[1] or cut
    return "read"


def mutated(examples, path, told):
    seen = Counter()

    @seed(20260101)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(mutations())
    def check(data):
        seen[hold(data, path)] += 1

    check()
    found = f"{seen['read']} read right, {seen['refused']} refused, 0 tracebacks, 0 wrong sums"
    told("one to three changes of the bytes or lines of a good file", f"{sum(seen.values())} files", found)
    assert min(seen["read"], seen["refused"]) > examples / 10


def test_a_mutation_of_a_good_file_is_read_right_or_refused_short(tmp_path, told):
    mutated(60, tmp_path / "sales.csv", told)


@pytest.mark.slow
def test_a_mutation_of_a_good_file_is_read_right_or_refused(tmp_path, told):
    mutated(2000, tmp_path / "sales.csv", told)
