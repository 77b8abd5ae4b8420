"""One file at a time: the ending says how it is written."""

import csv
import errno
import json
import math
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from clv import hints
from clv.errors import OutputsError, UserError

QUALITY = "data_quality"  # personal data: files in a folder of this name are readable by their owner alone
PART = ".clv-{}.part"  # of a file or folder that is not whole yet
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # a spreadsheet runs a cell that begins so
ADVICE = (
    "Hint: make room, or have the folder writable; the earlier outputs are as they were. Then run the command again."
)
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_SAFE = (  # _defused() in SQL
    f'CASE WHEN "{{0}}"[1] IN ({", ".join(f"chr({ord(sign)})" for sign in _FORMULA)}) '
    f'AND NOT regexp_full_match("{{0}}", \'{_NUMBER.pattern}\') THEN chr(39) || "{{0}}" ELSE "{{0}}" END AS "{{0}}"'
)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turns an error of the file system into one that a person can act on."""
    try:
        yield
    except (OSError, duckdb.IOException) as error:
        raise OutputsError(f"{path} could not be written: {error}.\n{ADVICE}") from error


def write(folder: Path, files: dict[str, Any]) -> None:
    """Writes each table, text, JSON or figure under its relative path; the ending says how.

    Args:   folder: for all of them.   files: relative path -> content.

    Raises: OutputsError: a full disk, or another reason why a file cannot be written.
    """
    for name, content in files.items():
        path = folder / name
        with told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_one(path, content)
            if QUALITY in Path(name).parts:
                path.chmod(0o600)


def _write_one(path: Path, content: Any) -> None:
    if isinstance(content, duckdb.DuckDBPyRelation):
        _from_disk(path, content)
    elif path.suffix == ".csv":
        _as_csv(path, content)
    elif path.suffix == ".parquet":
        _as_parquet(path, [content] if isinstance(content, pd.DataFrame) else content)
    elif path.suffix == ".png":
        content.savefig(path, dpi=200, metadata={"Software": None}, pil_kwargs={"compress_level": 3})
    else:
        path.write_text(as_json(content) if path.suffix == ".json" and not isinstance(content, str) else content)


def _from_disk(path: Path, rows: duckdb.DuckDBPyRelation) -> None:
    """A table that need not fit into memory, in the order of its rows; as _as_csv() where it is a CSV."""
    if path.suffix == ".parquet":
        rows.write_parquet(str(path), compression="zstd", overwrite=True)
        return
    texts = {name for name, kind in zip(rows.columns, rows.types, strict=True) if kind == "VARCHAR"}
    cells = ", ".join(_SAFE.format(name) if name in texts else f'"{name}"' for name in rows.columns)
    rows.project(cells).write_csv(str(path), header=True)


def _as_parquet(path: Path, tables: Iterable[pd.DataFrame]) -> None:
    """Tables with the same columns, one below the other, as each is made."""
    writer = None
    try:
        for table in tables:
            rows = pa.Table.from_pandas(table, preserve_index=False)
            writer = writer or pq.ParquetWriter(path, rows.schema)
            writer.write_table(rows.cast(writer.schema))
    finally:
        if writer:
            writer.close()


def _as_csv(path: Path, table: pd.DataFrame) -> None:
    """No cell is one that a spreadsheet would run as a formula; a Parquet file has the cells as they are."""
    text = [name for name, column in table.items() if _may_be_text(column)]
    safe = table.copy(deep=False)
    for name in text:
        safe[name] = _defused(table[name])
    returns = any(isinstance(cell, str) and "\r" in cell for name in text for cell in safe[name])
    quoting = csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL  # which leaves a CR bare, and that ends a row
    safe.to_csv(path, index=False, quoting=quoting)


def _may_be_text(column: pd.Series) -> bool:
    return not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column))


def _defused(column: pd.Series) -> pd.Series:
    """Text that begins as a formula and is not a plain number gets an apostrophe in front."""
    risky = [isinstance(cell, str) and cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell) for cell in column]
    if not any(risky):
        return column
    cells = [f"'{cell}" if danger else cell for cell, danger in zip(column, risky, strict=True)]
    return pd.Series(cells, index=column.index, dtype=object)


def as_json(content: Any) -> str:
    """Returns JSON with numpy numbers as numbers and NaN as null (a bare NaN is not JSON)."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {str(key): plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(item) for item in value]
        value = value.item() if isinstance(value, np.generic) else value
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return json.dumps(plain(content), indent=1) + "\n"


def made(folder: Path, name: str, made_by: str) -> Path:
    """Returns the path of a file in the bundle.

    Raises: UserError: it is not there yet.
    """
    path = folder / name
    if not path.exists():
        raise UserError(f"outputs hold no {name} yet.\nHint: run `{hints.command(made_by)}` first.")
    return path


def replace(path: Path, content: pd.DataFrame | duckdb.DuckDBPyRelation | str, mode: int = 0o600) -> None:
    """Writes a file in a folder beside its place and moves it there.

    Args:   mode: who may read it, by default its owner alone.

    Raises: OutputsError: it cannot be written; the file that was there stays.
    """
    fresh = path.with_name(PART.format(path.name))
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(fresh, ignore_errors=True)  # a killed run's
        fresh.mkdir(0o700)
        try:
            write(fresh, {path.name: content})
            (fresh / path.name).chmod(mode)
            sync(fresh / path.name)
            os.replace(fresh / path.name, path)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        sync(path.parent)


def linked(path: Path, copy: Path) -> None:
    """Makes a second name of a file, which costs no space; a copy where the disk knows no links."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, copy)
    except OSError:
        shutil.copy2(path, copy)


def sync(*paths: Path) -> None:
    """Waits until each file, or the names in each folder, are on the disk."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno != errno.EINVAL:  # some network disks know no sync of a folder
                raise
        finally:
            os.close(descriptor)
