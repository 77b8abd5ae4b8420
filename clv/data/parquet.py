"""A Parquet file's columns as the texts of a CSV file: the same rules then hold for both."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb

from clv.data.contract import Contract
from clv.data.header import located
from clv.data.layout import Layout
from clv.data.queries import literal, render
from clv.data.selection import selected
from clv.data.sources import partition
from clv.data.staging import Staging
from clv.errors import Code, InputError

_TEXT, _WHOLE, _FRACTION = r"VARCHAR|ENUM.*", r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?", r"FLOAT|DOUBLE|DECIMAL.*"
_ALLOWED = {
    "customer_id": f"{_TEXT}|{_WHOLE}|DOUBLE|DECIMAL.*|UUID",
    "order_date": f"{_TEXT}|{_WHOLE}|DATE|TIMESTAMP.*",
}
_ALLOWED_AMOUNT = f"{_TEXT}|{_WHOLE}|{_FRACTION}"
_FRACTIONS = "SELECT 1 FROM file_rows WHERE NOT regexp_full_match(customer_id, '\\d+\\.0') LIMIT 1"
_EXPORT = "export it again, as Parquet or as CSV in UTF-8"


def load(file: Path, contract: Contract, path: str, staging: Staging) -> tuple[Layout, Contract]:
    """Puts the columns into `file_rows`, as text, with the number of the row.

    Args:    file: the copy to read.   path: as the file is called in messages.
    Returns: the layout, and what of the contract is left to say: a typed column needs no format.
    Raises:  InputError: the file is damaged, a column is missing or of a type that cannot be meant.
    """
    with refusing_damage(file, path):
        return _load(file, contract, path, staging)


@contextmanager
def refusing_damage(file: Path, path: str) -> Iterator[None]:
    """Raises: InputError: what reads the file within finds it damaged. file: the copy that is read.   path: as it is called in messages."""
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, OSError, duckdb.Error) as error:
        reason = str(error).replace(str(file), path).splitlines()[0][:200]
        what = f"the Parquet file is damaged: {reason}"
        raise InputError(Code.DAMAGED_PARQUET, what=what, fix=_EXPORT, where=path) from error


def _load(file: Path, contract: Contract, path: str, staging: Staging) -> tuple[Layout, Contract]:
    import pyarrow
    import pyarrow.parquet

    whole = pyarrow.parquet.ParquetFile(file, page_checksum_verification=True)
    schema = whole.schema_arrow
    folders = {name: value for name, value in partition(path).items() if name not in schema.names}
    names = [*schema.names, *folders]
    places = located(names, contract.names, path)
    selection = selected(names, contract, path)
    read = [names[place] for place in (*places.values(), *selection.needed) if place < len(schema)]
    for _ in whole.iter_batches(columns=read):
        pass  # for the checksums, which DuckDB passes over
    kinds = [str(kind) for kind in staging.connection.sql(f"FROM read_parquet({literal(str(file))})").types]
    columns = [f"column_{place}" for place in range(len(kinds))] + list(map(literal, folders.values()))
    zones = [getattr(kind, "tz", None) for kind in schema.types] + [None] * len(folders)
    kinds_of_all = kinds + ["VARCHAR"] * len(folders)
    types = {name: kinds_of_all[place] for name, place in places.items()}
    for name, place in places.items():
        if place < len(schema) and pyarrow.types.is_decimal256(schema.types[place]):  # DuckDB reads it as a float
            types[name] = str(schema.types[place]).upper()
    contract = _checked(types, contract, path)
    texts = {
        name: _as_text(name, types[name], columns[place], zones[place], contract) for name, place in places.items()
    }
    texts |= selection.columns(lambda place: f"CAST({columns[place]} AS VARCHAR)")
    query = render("raw_from_parquet", texts=texts, file=str(file), width=len(kinds))
    staging.fill(query, whole.metadata.num_rows)
    if types["customer_id"] == "DOUBLE" and staging.connection.execute(_FRACTIONS).fetchall():
        raise _float_ids("DOUBLE", path)
    return Layout(names, has_currency=selection.currency is not None), contract


def _checked(types: dict[str, str], contract: Contract, path: str) -> Contract:
    """What is left to say. Raises: InputError: a type says that values are not what they were, or are something else."""
    _refuse_float_ids(types["customer_id"], path)
    number = re.fullmatch(f"{_WHOLE}|{_FRACTION}", types["order_date"])
    if number and (not contract.date_format or (_is(_FRACTION, types["order_date"]) and "%" in contract.date_format)):
        what = f"order_date is a column of {types['order_date']}, which could count days, seconds or anything else"
        fix = (
            "data.date_format=excel, unix, unix_ms, or %Y%m%d where it is written so; else export order_date as a date"
        )
        raise InputError(Code.DATE_FORMAT, what=what, fix=fix, where=f"{path}, order_date")
    for name, kind in types.items():
        if not _is(_ALLOWED.get(name, _ALLOWED_AMOUNT), kind):
            fix = f"export {name} as text, or as a number or date that it is"
            what = f"{name} is a column of {kind}"
            raise InputError(Code.COLUMN_TYPE, what=what, fix=fix, where=f"{path}, {name}")
    if not any(_is(_TEXT, types[name]) for name in contract.amounts):
        contract = replace(contract, decimal=".", thousands=None)
    return contract if number or _is(_TEXT, types["order_date"]) else replace(contract, date_format=None)


def _is(pattern: str, kind: str) -> bool:
    return re.fullmatch(pattern, kind) is not None


def _refuse_float_ids(kind: str, path: str) -> None:
    where = f"{path}, customer_id"
    if _is("DECIMAL256.*", kind):
        what = f"customer_id is a column of {kind}"
        raise InputError(Code.COLUMN_TYPE, what=what, fix="export customer_id as text", where=where)
    if _is(_FRACTION, kind) and not _is(r"DOUBLE|DECIMAL\(\d+,0\)", kind):  # DOUBLE holds whole ids up to 2^53
        raise _float_ids(kind, path)


def _float_ids(kind: str, path: str) -> InputError:
    what = f"customer_id is a column of {kind}: a tool turned the ids into floats"
    fix = "export customer_id as text; the lost digits cannot be guessed"
    return InputError(Code.FLOAT_IDS, what=what, fix=fix, where=f"{path}, customer_id")


def _as_text(name: str, kind: str, column: str, zone_of_file: str | None, contract: Contract) -> str:
    """SQL for the column's values as text; a moment as the time of day in the column's own zone, or in data.timezone."""
    if name in contract.amounts and not _is(_TEXT, kind) and contract.decimal == ",":  # beside amounts as text
        return f"REPLACE(CAST({column} AS VARCHAR), '.', ',')"
    if kind in ("DOUBLE", "FLOAT") and name == "customer_id":
        return f"CASE WHEN NOT isnan({column}) THEN CAST({column} AS VARCHAR) END"
    if not kind.startswith("TIMESTAMP WITH") and kind != "TIMESTAMPTZ":
        return f"CAST({column} AS VARCHAR)"
    zone = contract.timezone or zone_of_file or "UTC"
    zone = "UTC" if zone.upper() in ("Z", "ZULU") else zone
    if shift := re.fullmatch(r"([+-])(\d\d):?(\d\d)", zone):
        sign, hours, minutes = shift.groups()
        offset = int(f"{sign}1") * (int(hours) * 60 + int(minutes))
        return f"CAST(timezone('UTC', {column}) + TO_MINUTES({offset}) AS VARCHAR)"
    return f"CAST(timezone({literal(zone)}, {column}) AS VARCHAR)"
