"""A Parquet file's three columns as the texts of a CSV file: the same rules then hold for both."""

import re
from dataclasses import replace
from pathlib import Path

import duckdb

from clv.data.layout import Layout, located
from clv.data.values import Contract, literal
from clv.errors import Code, InputError

TEXT, WHOLE, FRACTION = r"VARCHAR|ENUM.*", r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?", r"FLOAT|DOUBLE|DECIMAL.*"
EXPORT = "export it again, as Parquet or as CSV in UTF-8"


def load(file: Path, contract: Contract, path: str, connection: duckdb.DuckDBPyConnection) -> tuple[Layout, Contract]:
    """Put the three columns into the table `raw` of the connection, as text, with the number of the row.

    Returns: the layout, and what of the contract is left to say: a typed column needs no format.
    Raises:  InputError: the file is damaged, a column is missing or of a type that cannot be meant.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        whole = pyarrow.parquet.ParquetFile(file, page_checksum_verification=True)
        schema = whole.schema_arrow
        places = located(schema.names, contract.columns, path)
        for _ in whole.iter_batches(columns=[schema.names[place] for place in places.values()]):
            pass  # for the checksums, which DuckDB passes over
        scan = f"read_parquet({literal(str(file))})"
        kinds = connection.sql(f"FROM {scan}").types
        types = {
            ours: str(schema.types[place]).upper()
            if pyarrow.types.is_decimal256(schema.types[place])
            else str(kinds[place])
            for ours, place in places.items()
        }
        contract = checked(types, contract, path)
        texts = {
            ours: as_text(types[ours], f"column_{place}", schema.types[place], contract)
            for ours, place in places.items()
        }
        by_place = ", ".join(f"column_{place}" for place in range(len(kinds)))  # names can be doubled
        connection.execute(
            f"CREATE OR REPLACE TABLE raw AS SELECT row_number() OVER () AS line, {texts['customer_id']} AS customer_id, "
            f"{texts['order_date']} AS order_date, {texts['revenue']} AS revenue FROM {scan} AS file({by_place})"
        )
    except (pyarrow.ArrowException, OSError, duckdb.Error) as error:
        said = str(error).replace(str(file), path).splitlines()[0][:200]
        raise InputError(
            Code.DAMAGED_PARQUET, what=f"the Parquet file is damaged: {said}", fix=EXPORT, where=path
        ) from error
    return Layout(schema.names), contract


def checked(types: dict[str, str], contract: Contract, path: str) -> Contract:
    """Raises: InputError: a column's type says that its values are not what they were, or are something else."""

    def of(name: str, pattern: str) -> bool:
        return re.fullmatch(pattern, types[name]) is not None

    if of("customer_id", "DECIMAL256.*"):
        fix = "export customer_id as text"
        raise InputError(
            Code.COLUMN_TYPE,
            what=f"customer_id is a column of {types['customer_id']}",
            fix=fix,
            where=f"{path}, customer_id",
        )
    if of("customer_id", FRACTION) and not of("customer_id", r"DECIMAL\(\d+,0\)"):
        what = f"customer_id is a column of {types['customer_id']}: a tool turned the ids into floats"
        fix = "export customer_id as text; the lost digits cannot be guessed"
        raise InputError(Code.FLOAT_IDS, what=what, fix=fix, where=f"{path}, customer_id")
    if of("order_date", f"{WHOLE}|{FRACTION}") and not (contract.date_format and of("order_date", WHOLE)):
        what = f"order_date is a column of {types['order_date']}, which could count days, seconds or anything else"
        fix = "data.date_format=%Y%m%d where it is written so, else export order_date as a date"
        raise InputError(Code.DATE_FORMAT, what=what, fix=fix, where=f"{path}, order_date")
    allowed = {
        "customer_id": f"{TEXT}|{WHOLE}|DECIMAL.*|UUID",
        "order_date": f"{TEXT}|{WHOLE}|DATE|TIMESTAMP.*",
        "revenue": f"{TEXT}|{WHOLE}|{FRACTION}",
    }
    for name, pattern in allowed.items():
        if not of(name, pattern):
            fix = f"export {name} as text, or as a number or date that it is"
            raise InputError(
                Code.COLUMN_TYPE, what=f"{name} is a column of {types[name]}", fix=fix, where=f"{path}, {name}"
            )
    if not of("revenue", TEXT):
        contract = replace(contract, decimal=".", thousands=None)
    return contract if of("order_date", f"{TEXT}|{WHOLE}") else replace(contract, date_format=None)


def as_text(kind: str, name: str, of_file, contract: Contract) -> str:
    """SQL for the column's values as text; a moment as the time of day in the column's own zone, or in data.timezone."""
    if not kind.startswith("TIMESTAMP WITH") and kind != "TIMESTAMPTZ":
        return f"CAST({name} AS VARCHAR)"
    zone = contract.timezone or getattr(of_file, "tz", None) or "UTC"
    zone = "UTC" if zone.upper() in ("Z", "ZULU") else zone
    if shift := re.fullmatch(r"([+-])(\d\d):?(\d\d)", zone):
        sign, hours, minutes = shift.groups()
        minutes = int(f"{sign}1") * (int(hours) * 60 + int(minutes))
        return f"CAST(timezone('UTC', {name}) + TO_MINUTES({minutes}) AS VARCHAR)"
    return f"CAST(timezone({literal(zone)}, {name}) AS VARCHAR)"
