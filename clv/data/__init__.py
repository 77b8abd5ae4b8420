"""The input contract: a file of purchases is read as text, typed with reasons, and summed by customer and day.

    contract.py     what conf/data says of the file
    container.py    what kind of file it is; its bytes are read once and hashed on the way
    layout.py       the header, the delimiter, which column is which (rows.py: text into rows; parquet.py: the same of Parquet)
    values.py       what the texts mean: ids.py the customer, days.py the day, amounts.py the revenue
    quality.py      what was counted
    quarantine.py   how much may be wrong; suggestions.py: what rejected texts look like, and what would have them read
    reading.py      all of it, one after another
    queries.py      the SQL in sql/

Codes of refusal (InputError):
  the file    NO_FILE EMPTY UNREADABLE_FILE FILE_CHANGED NOT_A_TABLE DAMAGED_GZIP DAMAGED_PARQUET WRONG_ENCODING NUL_BYTE
  its layout  NO_HEADER MISSING_COLUMN DOUBLED_COLUMN COLUMN_TYPE MIXED_HEADERS RAGGED_ROW OPEN_QUOTE NO_ROWS
  a column    FLOAT_IDS DATE_FORMAT TIMEZONE MIXED_OFFSETS AMBIGUOUS_REVENUE DECIMAL_COMMA
              DECIMAL_POINT THOUSANDS CURRENCY PERCENT MINUS_STYLE
  its rows    TOO_MANY_REJECTS
"""

from clv.data.container import digest
from clv.data.contract import Contract
from clv.data.quality import LeftOut, Quality
from clv.data.quarantine import Limits, left_out, refusal, warnings
from clv.data.reading import Transactions, daily, read

__all__ = [
    "Contract",
    "LeftOut",
    "Limits",
    "Quality",
    "Transactions",
    "daily",
    "digest",
    "left_out",
    "read",
    "refusal",
    "warnings",
]
