"""How often the monitor opens an alarm in shops with a season: python -m benchmarks.season_alarms FOLDER [--shops 10] [--only flat,charity] [--verbose] [key=value ...]

Simulated shops in which nothing changes (four years of history, one training, twelve monthly looks), shops in which amounts rise by 30 % or
30 % of the customers leave inside a Christmas season (an alarm must come within two looks), and the real sets of FOLDER month by month.
Every look has the file as it would be on that day, and the scores of earlier looks are judged once they have matured.
"""

import argparse
import datetime as dt
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks import engine
from benchmarks.season_shops import BEGIN, Shop, draw
from clv.monitor.verdict import ALARM

DAYS, CUSTOMERS = 1887, 8_100  # to the end of February 2025; about 5,400 of them have ordered by 2024
AUTUMN, EVENT = dt.date(2024, 10, 1), (pd.Timestamp("2024-11-01") - BEGIN).days
MUST = {"steady": "<= .05", "event": ">= .95", "real": "<= .20"}


@dataclass(frozen=True)
class Case:
    """A history and its looks.

    kind: a name of STEADY, EVENTS or REAL.   sort: a key of MUST.
    shop: how it is drawn; None where it is a file of the folder.
    begin: the day of the training.   looks: how many, on the first days of the months after it.
    """

    kind: str
    sort: str
    shop: Shop | None
    begin: dt.date
    looks: int
    seed: int = 0
    file: str = ""


def _steady(shape: str, customers: int = CUSTOMERS, **more) -> Shop:
    return Shop(shape, customers, DAYS, **more)


STEADY = {
    "christmas": (_steady("christmas"), dt.date(2024, 1, 1)),
    "summer": (_steady("summer"), dt.date(2024, 1, 1)),
    "flat": (_steady("flat"), dt.date(2024, 1, 1)),
    "growing": (_steady("flat", growth=0.3), dt.date(2024, 1, 1)),
    "cohort": (_steady("flat", 5_000, cohort_days=90), dt.date(2024, 1, 1)),
    "young_cohort": (_steady("flat", 5_000, cohort_days=90), dt.date(2021, 1, 1)),
}
EVENTS = {
    "dearer": _steady("christmas", dearer=(EVENT, 1.3)),
    "leaving": _steady("christmas", leaving=(EVENT, 0.3)),
}
REAL = {  # the days of the trainings, and looks after each
    "charity": ("charity.csv.gz", (dt.date(2011, 1, 1), dt.date(2014, 7, 1)), 12),
    "superstore": ("superstore.csv.gz", (dt.date(2019, 1, 1),), 12),
    "cdnow": ("cdnow.csv.gz", (dt.date(1997, 10, 1),), 9),
    "online_retail": ("online_retail_net.csv.gz", (dt.date(2011, 8, 1),), 4),
    "apparel": ("apparel.csv.gz", (dt.date(2009, 1, 1),), 12),
}


def cases(shops: int, only: list[str]) -> Iterator[Case]:
    """Yields the histories of the kinds: so many shops of each, and every training of the real sets."""
    for seed in range(100, 100 + shops):
        for kind in (kind for kind in STEADY if kind in only):
            yield Case(kind, "steady", *STEADY[kind], 12, seed)
        for kind in (kind for kind in EVENTS if kind in only):
            yield Case(kind, "event", EVENTS[kind], AUTUMN, 3, seed)
    for kind in (kind for kind in REAL if kind in only):
        file, begins, looks = REAL[kind]
        yield from (Case(kind, "real", None, begin, looks, file=file) for begin in begins)


def replayed(case: Case, folder: Path, overrides: list[str]) -> list[engine.Look]:
    """Returns the looks of a case."""
    names = ["customer_id", "order_date", "revenue"]
    rows = draw(case.shop, case.seed)[0] if case.shop else pd.read_csv(folder / case.file, dtype=str)[names]
    months = [(pd.Timestamp(case.begin) + pd.DateOffset(months=number)).date() for number in range(1, case.looks + 1)]
    return list(engine.replay(rows, case.begin, months, overrides))


def counted(case: Case, looks: list[engine.Look]) -> dict:
    """Returns looks, alarms and the checks that fired; of an event, one look that counts: whether an alarm came within two looks of it."""
    after = [look for look in looks if case.sort != "event" or look.day > BEGIN.date() + dt.timedelta(days=EVENT)]
    alarms = [look for look in after if look.word == ALARM]
    judged, alarmed = (1, min(len(alarms), 1)) if case.sort == "event" else (len(after), len(alarms))
    checks = Counter(name for look in after for name in look.fired)
    return {"kind": case.kind, "sort": case.sort, "looks": judged, "alarms": alarmed, "checks": checks}


def main(arguments: argparse.Namespace) -> None:
    """Prints a line for each history when it is done, then a table by kind."""
    only = arguments.only.split(",") if arguments.only else [*STEADY, *EVENTS, *REAL]
    todo, rows = list(cases(arguments.shops, only)), []
    with ProcessPoolExecutor(arguments.processes, get_context("spawn")) as pool:
        replays = pool.map(replayed, todo, repeat(Path(arguments.folder)), repeat(arguments.overrides))
        for case, looks in zip(todo, replays, strict=True):
            rows.append(counted(case, looks))
            words = "".join("!" if look.word == ALARM else "." if look.word == "stable" else "?" for look in looks)
            print(f"{case.kind:14} {case.seed or '':4} {case.begin} {words:12} {dict(rows[-1]['checks'])}", flush=True)
            for look in looks if arguments.verbose else ():
                print(f"    {look.day} {look.word}: {' '.join(look.reasons) if look.word == ALARM else ''}", flush=True)
    show(rows)


def show(rows: list[dict]) -> None:
    """Prints looks, alarms and the checks that fired, by kind."""
    table = Table("kind", "looks", "alarms", "share", "must", "checks that fired")
    for kind in dict.fromkeys(row["kind"] for row in rows):
        same = [row for row in rows if row["kind"] == kind]
        looks, alarms = (sum(row[name] for row in same) for name in ("looks", "alarms"))
        checks: Counter[str] = sum((row["checks"] for row in same), Counter())
        names = ", ".join(f"{name} {count}" for name, count in checks.most_common())
        table.add_row(kind, str(looks), str(alarms), f"{alarms / looks:.2f}", MUST[same[0]["sort"]], names)
    Console(width=150).print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--only")
    parser.add_argument("--shops", type=int, default=2)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("overrides", nargs="*")
    main(parser.parse_intermixed_args())
