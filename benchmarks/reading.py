"""CPU and memory that reading a history takes: python -m benchmarks.reading [ROWS] (1 M rows by default; each kind in a process of its own)."""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

NAMES = ("customer_id", "order_date", "revenue")


def table(rows: int) -> pd.DataFrame:
    """A tenth as many customers as rows, two years of days, two decimals."""
    chance = np.random.default_rng(1)
    days = pd.Timestamp("2010-01-01") + pd.to_timedelta(chance.integers(0, 700, rows), "D")
    ids = np.char.mod("c%07d", chance.integers(0, rows // 10 + 1, rows))
    return pd.DataFrame({"customer_id": ids, "order_date": days, "revenue": np.round(chance.lognormal(3, 1, rows), 2)})


def write(folder: Path, rows: int) -> list[Path]:
    drawn = table(rows)
    drawn.to_csv(folder / "plain.csv", index=False)
    drawn.to_csv(folder / "quoted.csv", index=False, quoting=1)
    drawn.to_csv(folder / "plain.csv.gz", index=False, compression={"method": "gzip", "compresslevel": 1})
    stamps = drawn["order_date"] + pd.to_timedelta(np.arange(rows) * 7919 % 86400, "s")
    drawn.assign(order_date=stamps.dt.strftime("%Y-%m-%dT%H:%M:%SZ")).to_csv(folder / "stamps.csv", index=False)
    drawn.to_parquet(folder / "typed.parquet")
    return sorted(folder.iterdir())


def measured(path: str) -> str:
    """In a fresh process: CPU seconds of the reading, imports apart, and the peak of its memory."""
    import duckdb

    from clv import data

    begin = resource.getrusage(resource.RUSAGE_SELF)
    contract = data.Contract({name: name for name in NAMES}, "2012-01-01")
    history = data.read(path, contract, duckdb.connect(config={"threads": 2, "memory_limit": "2GB"}))
    end = resource.getrusage(resource.RUSAGE_SELF)
    seconds = end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime
    return f"{history.quality.rows:,} rows, {seconds:.2f} s CPU, {end.ru_maxrss / 1e6:.2f} GB at its peak"


if __name__ == "__main__":
    if sys.argv[1:2] == ["of"]:
        print(measured(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            for path in write(Path(folder), int(sys.argv[1]) if sys.argv[1:] else 1_000_000):
                command = [sys.executable, "-m", "benchmarks.reading", "of", str(path)]
                print(f"{path.name:14}", subprocess.check_output(command, text=True).strip(), flush=True)
