"""The input contract: a file of purchases is read as text, typed with reasons, and summed by customer and day.

    contract.py     what conf/data says of the files
    sources.py      which files a path stands for; places.py: which file and line a row stands on
    remote.py       files at an address, copied to this machine; database.py: the rows of a query
    container.py    what kind of file it is; its bytes are read once and hashed on the way; decoding.py: bytes into text
    layout.py       rows of one width, by the names of their columns (header.py, formats.py: delimited, fixed width, JSON lines;
                    rows.py: CSV into rows; cells.py: typed cells into rows, for workbook.py and database.py; parquet.py: the same of Parquet)
    selection.py    what decides whether a row counts: currency, and data.where (where.py)
    values.py       what the texts mean: ids.py the customer, days.py the day, amounts.py the money
    quality.py      what was counted
    quarantine.py   how much may be wrong, and the warnings; together.py: all that is wrong, in one answer
    suggestions.py  what rejected texts look like, and the setting that would have them read (date_formats.py)
    staging.py      the rows as text, in memory or in files; partitions.py: a large history in files of some customers each; kept.py: and what was read of it
    reading.py      all of it, one after another
    in_memory.py    a few purchases that are in memory already
    queries.py      the SQL in sql/

Codes of refusal (InputError):
  the file    NO_FILE EMPTY UNREADABLE_FILE FILE_CHANGED NOT_A_TABLE DAMAGED_GZIP DAMAGED_ZIP DAMAGED_PARQUET WRONG_ENCODING NUL_BYTE DATABASE NO_SHEET CELLS
  its layout  NO_HEADER MISSING_COLUMN DOUBLED_COLUMN COLUMN_TYPE MIXED_HEADERS RAGGED_ROW OPEN_QUOTE NO_ROWS
  a column    FLOAT_IDS DATE_FORMAT TIMEZONE MIXED_OFFSETS AMBIGUOUS_REVENUE DECIMAL_COMMA
              DECIMAL_POINT THOUSANDS CURRENCY PERCENT MINUS_STYLE
  its rows    TOO_MANY_REJECTS UNREADABLE_ROWS CONDITION CURRENCIES UNIQUE_IDS
"""

from clv.data.container import digest
from clv.data.contract import Contract
from clv.data.in_memory import take
from clv.data.partitions import DRAWS, Partitioning, draw, drawn, partition
from clv.data.quality import LeftOut, Quality
from clv.data.quarantine import Limits, left_out, refusal, warnings
from clv.data.queries import render
from clv.data.reading import Transactions, daily, judge_rows, read, size_and_digest
from clv.data.selection import needed

__all__ = [
    "DRAWS",
    "Contract",
    "LeftOut",
    "Limits",
    "Partitioning",
    "Quality",
    "Transactions",
    "daily",
    "digest",
    "draw",
    "drawn",
    "judge_rows",
    "left_out",
    "needed",
    "partition",
    "read",
    "refusal",
    "render",
    "size_and_digest",
    "take",
    "warnings",
]
