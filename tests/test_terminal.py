"""What a person sees, on terminals of several widths and in a pipe."""

import re
import shlex
import subprocess
import sys

import pytest
from helpers import ROOT
from ptys import on_a_terminal

from clv import progress

WIDTHS = [80, 120, 200]
LEDGER = """
import pandas as pd
from clv import terminal
rows = [(number, "2026-07-02 06:14", "promotion", f"clv/{number}", "1 to 2", "Ann Lee (root)", "RMSE is worse, but the Gini is what we sell by; "
         "see the minutes", "despite failed gates") for number in range(1, 12)]
terminal.table(pd.DataFrame(rows, columns=["no", "at", "event", "version", "production", "by", "why", "gates"]))
"""
WIDE = """
import pandas as pd
from clv import terminal
terminal.table(pd.DataFrame({name: [f"{name}{'x' * 14}{number}" for number in (1, 2)] for name in "abcdefgh"}))
"""
CHANGES = """
import pandas as pd
from clv import terminal
names = ["predicted_before", "predicted_after", "change", "season", "passing_time", "new_orders", "model_version", "corrected_history"]
table = pd.DataFrame({"customer_id": ["C001205", "C002807"]} | {name: [number * 111.25, -8765.5] for number, name in enumerate(names)})
terminal.table(table.assign(version_before="1", as_of_before="2026-04-01", nothing=None))
"""
STEP = """
import time
import pandas as pd
from clv import progress, terminal
with terminal.working("train") as came_out:
    for snapshot in progress.over(["a", "b", "c"], "snapshots"):
        time.sleep(0.3)
    with progress.counting("trials", 40) as trials:
        trials.done("best 0.7276")
        time.sleep(0.5)
    terminal.table(pd.DataFrame({"event": ["promotion", "rollback"]}))
    came_out.append("12 snapshots, gates passed")
"""
FAILS = "from clv import terminal\nwith terminal.working('train'):\n    raise ValueError"
VERDICTS = """
from clv import terminal
terminal.closing(["WARNING: look", "WARNING: look"], ["run 1"], ["verdict: stable.", "monitor STABLE", "monitor ALARM", "gates failed"])
"""
COMMAND = "mlflow run . -e promote -P version=2 -P reviewer=NAME -P reason=WHY -P despite_gates=true -P overrides=a=b"
LINES = f"from clv import terminal\nterminal.show(['  {COMMAND}', 'word ' * 40, 'outputs: ' + 'x' * 90])"


def in_a_pipe(script: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
    )
    return done.stdout


@pytest.mark.parametrize("width", WIDTHS)
def test_a_ledger_fits_the_terminal_and_no_word_of_it_is_lost(width):
    lines = on_a_terminal(width, "-c", LEDGER).lines
    assert max(map(len, lines)) <= width and lines[0].startswith("no") and "…" not in "".join(lines)
    assert len([line for line in lines if re.match(r" *\d+ ", line)]) == 11
    assert "despite failed" in " ".join(" ".join(lines).split())  # the same in all rows


@pytest.mark.parametrize("width", WIDTHS)
def test_no_number_is_cut_and_what_is_the_same_in_all_rows_is_said_once(width):
    lines = on_a_terminal(width, "-c", CHANGES).lines
    text = " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= width and "…" not in text
    assert text.count("-8,765.50") == 8 and "778.75" in text and "C001205" in text
    assert text.endswith("the same in all rows: version before 1, as of before 2026-04-01") and "nothing" not in text


def test_in_a_pipe_a_table_of_more_than_80_columns_has_all_of_them():
    head, _, first, *_ = in_a_pipe(WIDE).splitlines()
    assert head.split() == list("abcdefgh") and first.split() == [f"{name}{'x' * 14}1" for name in "abcdefgh"]


def test_where_not_even_the_numbers_fit_each_row_is_a_list_of_values():
    lines = on_a_terminal(50, "-c", CHANGES).lines
    assert max(map(len, lines)) <= 50
    assert (
        lines[:2] == ["customer id        C001205", "predicted before   0.00"]
        and "change             -8,765.50" in lines
    )


def test_a_step_shows_its_counts_while_it_runs_and_leaves_one_line():
    shown = on_a_terminal(80, "-c", STEP)
    assert {"0/3", "2/3", "1/40"} <= set(re.findall(r"\d+/\d+", shown.frames)) and "best 0.7276" in shown.frames
    assert [line for line in shown.lines if line] == [
        "event",
        "─" * 9,
        "promotion",
        "rollback",
        shown.lines[-2],
    ]
    assert re.fullmatch(r"train +1\.\d s  12 snapshots, gates passed", shown.lines[-2])


def test_in_a_pipe_a_step_is_one_plain_line():
    text = in_a_pipe(STEP)
    assert "\x1b" not in text and "snapshots " not in text and "promotion" in text
    assert re.fullmatch(r"train +1\.\d s  12 snapshots, gates passed", text.splitlines()[-1])


def test_in_a_pipe_a_long_count_says_now_and_then_where_it_is():
    impatient = "from clv.terminal import steps\nsteps._HEARTBEAT = 0.5\n"
    assert in_a_pipe(impatient + STEP).splitlines()[0] == "train: snapshots 2/3, 0:00:01"


@pytest.mark.parametrize("run", [lambda: on_a_terminal(80, "-c", FAILS).lines, lambda: in_a_pipe(FAILS).splitlines()])
def test_a_step_that_fails_leaves_a_line_that_says_so(run):
    assert any(re.fullmatch(r"train +0\.\d s  FAILED", line) for line in run())


def test_verdicts_have_colours_on_a_terminal_alone_and_a_warning_is_said_once():
    coloured = on_a_terminal(80, "-c", VERDICTS)
    good, bad, doubt = "\x1b[1;32m", "\x1b[1;31m", "\x1b[1;33m"
    for words in (f"{good}stable", f"{good}STABLE", f"{bad}ALARM", f"{bad}failed", f"{doubt}WARNING"):
        assert words in coloured.raw
    assert "\x1b" not in on_a_terminal(80, "-c", VERDICTS, NO_COLOR="1").raw
    assert in_a_pipe(VERDICTS).splitlines() == [line for line in coloured.lines if line]
    assert coloured.lines.count("WARNING: look") == 1 and "\x1b" not in in_a_pipe(VERDICTS)


def test_lines_break_between_words_and_a_command_is_whole_when_it_is_pasted():
    shown = on_a_terminal(80, "-c", LINES)
    assert f"  {COMMAND}\r\n" in shown.frames  # the terminal alone breaks it
    assert [line for line in shown.lines if line.startswith("word")] == [" ".join(["word"] * 16)] * 2 + [
        " ".join(["word"] * 8)
    ]
    assert "outputs: " + "x" * 90 in shown.frames
    assert shlex.split(COMMAND)[-1] == "overrides=a=b"


def test_nobody_hears_a_count_unless_somebody_listens(capsys):
    assert list(progress.over([1, 2], "snapshots")) == [1, 2]
    with progress.counting("trials", 2) as trials, progress.doing("drawing pages"):
        trials.done("best 1")
    assert capsys.readouterr() == ("", "")


def test_a_count_that_is_broken_off_is_no_longer_shown():
    events = []

    class Heard:
        def __init__(self, what, total):
            self.what = what
            events.append(f"{what} of {total}")

        def done(self, note=""):
            events.append(f"{self.what} {note}".strip())

        def end(self):
            events.append(f"{self.what} end")

    with progress.heard_by(Heard), pytest.raises(ValueError, match="over"), progress.counting("origins", 4) as origins:
        origins.done("best 0.7")
        raise ValueError("over")
    assert events == ["origins of 4", "origins best 0.7", "origins end"]


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("command", ["ledger", "readiness"])
def test_the_tables_of_real_commands_stand_apart_from_what_is_live(copied, command, width):
    config = (f"data.path={copied.folder}/history.csv", f"outputs={copied.outputs}")
    shown = on_a_terminal(width, "-m", f"entrypoints.{command}", *config)
    assert shown.code == (1 if command == "readiness" else 0)
    assert max(map(len, shown.lines)) <= width and not re.search("[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏┏…]", "".join(shown.lines))
    assert shown.lines[0].startswith(("no", "line")) and "starting" in shown.frames
    assert any(re.match(rf"{command} +\d+\.\d s", line) for line in shown.lines)
