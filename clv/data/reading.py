"""From a file to purchases: opened, laid out, typed, counted, and summed by customer and day."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pandas as pd

from clv import progress
from clv.data import database, layout, parquet, quality, remote, values
from clv.data.container import Opened, digest, opened
from clv.data.contract import Contract, check
from clv.data.header import ONE_EXPORT, refuse_other_columns
from clv.data.kept import Kept, clear, keep, take
from clv.data.partitions import Partitioning, Purchases
from clv.data.partitions import opened as opened_partitions
from clv.data.places import Places
from clv.data.quality import LeftOut, Quality
from clv.data.queries import add, literal, refusing_errors, render, row
from clv.data.sources import files_of
from clv.data.staging import Staging
from clv.data.together import faults
from clv.errors import Code, InputError


@dataclass(frozen=True)
class Transactions:
    """A history that was read.

    Args: purchases: one row per customer and day: customer_id, order_date, revenue, positive_revenue, orders (0 or 1).
          partitions: the same, some customers in each; one of a small history.
          rejected: one row per row that was set aside: line, column, value, reason; and file, where there are several.
          quality: what was counted.   faults: the distinct texts that cannot be read: column, reason, value, rows, line.
    """

    purchases: duckdb.DuckDBPyRelation
    partitions: tuple[duckdb.DuckDBPyRelation, ...]
    rejected: pd.DataFrame
    quality: Quality
    faults: pd.DataFrame


def daily(accepted: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Sums rows of customer_id, order_date, revenue to one per customer and day.

    Negative revenue is a return: it lowers `revenue` and is not an order. `orders` is 1 on a day with an order, else 0.

    Returns: customer_id, order_date, revenue, positive_revenue (both exact decimals), orders.
    """
    purchases = accepted.query("accepted", render("daily"))
    assert purchases is not None  # a SELECT always gives a relation
    return purchases


def read(
    path: str,
    contract: Contract,
    connection: duckdb.DuckDBPyConnection,
    partitioning: Partitioning | None = None,
) -> Transactions:
    """Reads files of purchases; a bad row is set aside with its reason.

    Args:    path: a CSV, JSON lines or Parquet file, gzipped or zipped or not, or a workbook; a folder, a pattern, or several
                 with ; between; their addresses with s3:// or https://; or a database, for contract.query.
             connection: gets `purchases`; it must not have them.
             partitioning: how a history of more customers than one partition has is cut, and where it is kept: what was read of the
             same bytes by the same contract is taken from there; None: it is a table, however large.
    Raises:  InputError: a file is not a table, or a whole column could mean two things; the codes stand in clv/data.
    """
    check(contract, path)
    _check_zone(contract.timezone, path, connection)
    with refusing_errors(path):
        if not partitioning:
            return _read(path, contract, connection, None)
        if kept := _kept(path, contract, partitioning):
            purchases = opened_partitions(partitioning.folder, kept.partitions, connection)
            return Transactions(*purchases, kept.rejected, kept.quality, kept.faults)
        clear(partitioning)
        try:
            read = _read(path, contract, connection, partitioning)
        except BaseException:
            clear(partitioning)
            raise
        if len(read.partitions) > 1:
            keep(Kept(read.quality, read.rejected, read.faults, len(read.partitions)), path, contract, partitioning)
        return read


def _kept(path: str, contract: Contract, partitioning: Partitioning) -> Kept | None:
    """What an interrupted command read of the same bytes."""
    kept = take(path, contract, partitioning)
    return kept if kept and size_and_digest(path).get("sha256") == kept.quality.sha256 else None


def _check_zone(zone: str | None, path: str, connection: duckdb.DuckDBPyConnection) -> None:
    query = f"SELECT COUNT(*) FROM pg_timezone_names() WHERE name = {literal(zone or '')}"
    if zone and not row(connection, query)[0]:
        what = f"data.timezone={zone} is not known"
        raise InputError(Code.TIMEZONE, what=what, fix="a name like Europe/Berlin", where=path)


def _read(
    path: str, contract: Contract, connection: duckdb.DuckDBPyConnection, partitioning: Partitioning | None
) -> Transactions:
    _drop_working_tables(contract, connection)  # of a history that was refused before
    staging = Staging(connection, partitioning.folder / "rows" if partitioning else None)
    files = _load_all(path, contract, staging)
    contract = files.contract
    if row(connection, "SELECT COUNT(*) FROM raw")[0] == 0:
        fix = "check the export: every order and return belongs in it"
        raise InputError(Code.NO_ROWS, what="a header and no rows", fix=fix, where=path)
    with progress.doing("judging distinct texts"):
        header_lines = values.judge(contract, files.layout, files.places, staging)
        counts, texts = quality.of_texts(contract, connection), faults(contract, connection)
    purchases = Purchases(connection, partitioning, row(connection, "SELECT COUNT(*) FROM ids WHERE why IS NULL")[0])
    with progress.counting("partitions", purchases.number) as count:
        for sources in staging.cut(purchases.number):
            values.type_rows(contract, files.layout, header_lines, sources, connection)
            _leave_out(contract, connection)
            quality.count(contract, connection)
            add("rejected", render("rejected", names=tuple(contract.names)), connection)
            accepted = connection.sql("SELECT customer_id, order_date, revenue FROM typed WHERE reason IS NULL")
            purchases.add(daily(accepted))
            count.done()
    left_out = _left_out(contract, path, connection)
    rejected = connection.sql("FROM rejected ORDER BY line").df()
    reasons = rejected["reason"].value_counts().to_dict()
    counts |= quality.of_rows(contract, connection)
    relations = purchases.relations()
    _drop_working_tables(contract, connection)
    about_files = Quality(**counts, left_out=left_out, notes=files.layout.notes, sha256=files.sha256, reasons=reasons)
    return Transactions(*relations, _with_files(rejected, files.places), about_files, texts)


def judge_rows(path: str, contract: Contract, connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the table `typed`: each row's customer, day and revenue, or the reason why it has none, and what leaves it out.

    Args, Raises: of read(); no row is no error.
    """
    with refusing_errors(path):
        staging = Staging(connection, None)
        files = _load_all(path, contract, staging)
        header_lines = values.judge(files.contract, files.layout, files.places, staging)
        for sources in staging.cut(1):
            values.type_rows(files.contract, files.layout, header_lines, sources, connection)


def _leave_out(contract: Contract, connection: duckdb.DuckDBPyConnection) -> None:
    """Takes the rows that do not count out of `typed`, and counts them."""
    if contract.leaves_out:
        add("counted_left_out", render("counted_left_out"), connection)
        connection.execute("DELETE FROM typed WHERE left_out IS NOT NULL")


def _left_out(contract: Contract, path: str, connection: duckdb.DuckDBPyConnection) -> dict[str, LeftOut]:
    """What was left out. Raises: InputError: no row is left."""
    if not contract.leaves_out:
        return {}
    rows = connection.execute(render("left_out")).fetchall()
    if row(connection, "SELECT COUNT(*) FILTER (left_out IS NULL) FROM counted_left_out")[0] == 0:
        shown = " and ".join(f"data.{name} leaves out {number}" for name, number, _ in rows)
        fix = "another value of the key; names and values stand in the file as they must stand there"
        raise InputError(Code.CONDITION, what=f"no row is left to count: {shown}", fix=fix, where=path)
    return {name: LeftOut(number, share) for name, number, share in rows}


def _drop_working_tables(contract: Contract, connection: duckdb.DuckDBPyConnection) -> None:
    texts = [f"{name}_texts" for name in contract.names]
    amounts = [f"amounts_{name}" for name in contract.amounts]
    counted = [*quality.COUNTED, "counted_left_out", "rejected", "strays", "summed"]
    for name in ("typed", "ids", "dates", *amounts, *texts, *counted):
        connection.execute(f"DROP TABLE IF EXISTS {name}")


def _with_files(rejected: pd.DataFrame, places: Places) -> pd.DataFrame:
    """The lines as they are in their files; with the column `file` where there are several."""
    if not places.several:
        return rejected
    files, lines = zip(*map(places.of, rejected["line"].tolist()), strict=True) if len(rejected) else ((), ())
    return rejected.assign(line=list(lines), file=list(files))


@dataclass(frozen=True)
class _Files:
    """What is known behind the reading of all files into `raw`.   contract: what of it is left to say.   sha256: of all bytes."""

    layout: layout.Layout
    contract: Contract
    places: Places
    sha256: str


def _load_all(path: str, contract: Contract, staging: Staging) -> _Files:
    """Puts the rows of every table into `raw`, by the names of their columns."""
    places, hashes = Places(path), list[str]()
    layouts, contracts = list[layout.Layout](), list[Contract]()
    for source in files_of(path):
        for name, table, left_to_say in _tables(source, contract, staging, hashes):
            layouts.append(table)
            contracts.append(left_to_say)
            _refuse_other_header(name, layouts, contracts)
            start = staging.append()
            places.add(name, start)
            layouts[-1] = table.moved(start, name)
    notes = [note for each in layouts for note in (each.named_notes if len(layouts) > 1 else each.notes)]
    cut = tuple(line for each in layouts for line in each.cut)
    whole = replace(layouts[0], cut=cut, notes=tuple(notes))
    return _Files(whole, contracts[0], places, _of_all(hashes))


def _of_all(hashes: list[str]) -> str:
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def size_and_digest(path: str) -> dict[str, int | str]:
    """Returns `bytes` and `sha256` of the files on this machine that a path stands for; nothing where they lie elsewhere.

    Raises: InputError: a folder holds no file.   OSError: a file cannot be read.
    """
    files = [Path(name) for name in files_of(path)]
    if not all(file.is_file() for file in files):
        return {}
    return {"bytes": sum(file.stat().st_size for file in files), "sha256": _of_all(list(map(digest, files)))}


def _tables(
    source: str, contract: Contract, staging: Staging, hashes: list[str]
) -> Iterator[tuple[str, layout.Layout, Contract]]:
    """The tables of a source, one after another in `file_rows`: name, layout, and what of the contract is left to say.

    Its digest is added to the hashes.
    """
    if database.is_database(source):
        table = database.load(source, contract, staging)
        hashes.append(table.sha256)
        yield source, table.layout, table.contract
        return
    database.refuse_query(source, contract)
    with remote.local(source) as copy, opened(copy, source) as file:
        yield from _tables_of_file(file, contract, staging)
    hashes.append(file.sha256)


def _tables_of_file(
    file: Opened, contract: Contract, staging: Staging
) -> Iterator[tuple[str, layout.Layout, Contract]]:
    if file.is_parquet:
        with file.copied() as copy:
            yield file.path, *parquet.load(copy, contract, file.path, staging)
    elif file.is_workbook:
        from clv.data import workbook

        with file.unpacked() as copy:
            yield from workbook.load(copy, contract, file.path, staging)
    else:
        yield file.path, layout.load(file.texts(contract.encoding), contract, file.path, staging), contract


def _refuse_other_header(name: str, layouts: list[layout.Layout], contracts: list[Contract]) -> None:
    """Raises: InputError: the last table has other columns than the first, or columns of other types."""
    refuse_other_columns(layouts[0].names, layouts[-1].names, name)
    if contracts[0] != contracts[-1]:
        what = "the columns of the files are of different types"
        raise InputError(Code.MIXED_HEADERS, what=what, fix=ONE_EXPORT, where=name)
