"""A purchase history of any size, fast: python -m benchmarks.big_history LINES FILE [SEED] writes a CSV or Parquet file.

One customer for 7.5 lines. New customers come all along three years; how often they order and how much they spend has a heavy
tail (log-normal rates and values), they stay for an exponentially distributed time, and one order in seven moves to the weeks
before Christmas. Three lines in a hundred are returns. Lines stand in the order of their days, as in an export.
"""

import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb

FIRST, DAYS = "2022-01-01", 3 * 365
LINES_PER_CUSTOMER = 7.5
_RATE, _RATE_SPREAD = 0.0109, 1.1  # orders a day of the median customer; of the logarithm
_WORTH, _WORTH_SPREAD, _SPREAD = 25.0, 0.8, 0.5  # of an order of the median customer; between customers; between orders
_LIFE = 600  # days, on average
_SEASON, _RETURNS = 1 / 7, 0.03  # shares of the orders


def write(file: Path, lines: int, seed: int = 1) -> None:
    """Writes customer_id, order_date, revenue: about so many lines, the same for the same seed. Its ending says the format."""
    options = "FORMAT parquet" if file.suffix == ".parquet" else "FORMAT csv, HEADER"
    with tempfile.TemporaryDirectory(dir=file.parent) as spill, duckdb.connect() as connection:
        connection.execute(f"SET temp_directory = '{spill}'; SET memory_limit = '3GB'; SET threads = 2")
        connection.execute(f"COPY ({_rows(round(lines / LINES_PER_CUSTOMER), seed)}) TO '{file}' ({options})")


def _chance(key: int, place: str = "0") -> str:
    """SQL of a number in (0, 1] that depends on the key, the customer's number and the place of the order alone."""
    return f"((HASH(xor(HASH(xor(HASH(number), {key}::UBIGINT)), CAST({place} AS UBIGINT))) >> 11) + 1) / 9007199254740992.0"


def _normal(keys: Iterator[int], place: str = "0") -> str:
    return f"(SQRT(-2 * LN({_chance(next(keys), place)})) * COS(2 * PI() * {_chance(next(keys), place)}))"


def _rows(customers: int, seed: int) -> str:
    drawn = random.Random(seed)
    keys = iter(lambda: drawn.getrandbits(63), None)

    def chance(place: str = "0") -> str:
        return _chance(next(keys), place)

    return f"""
    WITH customers AS (
      SELECT number, CAST(FLOOR({DAYS} * {chance()}) AS INTEGER) % {DAYS} AS first,
             1 - {_LIFE} * LN({chance()}) AS life,
             {_RATE} * EXP({_RATE_SPREAD} * {_normal(keys)}) AS rate,
             {_WORTH} * EXP({_WORTH_SPREAD} * {_normal(keys)}) AS worth
      FROM range({customers}) AS all_of_them(number)
    ),
    alive AS (SELECT *, LEAST(life, {DAYS} - first) AS days FROM customers),
    orders AS (
      SELECT *, UNNEST(range(1 + CAST(FLOOR(rate * days + {chance()}) AS BIGINT))) AS place FROM alive
    ),
    spread AS (
      SELECT *, first + CASE WHEN place = 0 THEN 0 ELSE CAST(FLOOR(days * {chance("place")}) AS INTEGER) END AS any_day,
             365 * (any_day // 365) + 325 + CAST(FLOOR(33 * {chance("place")}) AS INTEGER) AS season_day
      FROM orders
    ),
    dated AS (
      SELECT *, CASE WHEN {chance("place")} < {_SEASON} AND season_day BETWEEN first AND first + days
                     THEN season_day ELSE any_day END AS day
      FROM spread
    )
    SELECT FORMAT('c{{:09d}}', CAST(FLOOR(9.99 * {chance()}) AS BIGINT) * 100000000 + number) AS customer_id,
           DATE '{FIRST}' + day AS order_date,
           CAST(GREATEST(worth * EXP({_SPREAD} * {_normal(keys, "place")}), 1)
                * CASE WHEN place > 0 AND {chance("place")} < {_RETURNS} THEN -1 ELSE 1 END AS DECIMAL(12,2)) AS revenue
    FROM dated
    ORDER BY order_date, {chance("place")}
    """


if __name__ == "__main__":
    write(Path(sys.argv[2]), int(sys.argv[1]), *map(int, sys.argv[3:]))
