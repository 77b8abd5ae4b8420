"""The feature table at one cutoff: what its columns mean, the SQL that makes it, and their names in words."""

from clv.features.definition import FOR_PEOPLE, LAST_YEAR, LIFECYCLE, OF_GAPS, OF_THE_HORIZON, Definition
from clv.features.prepared import Prepared
from clv.features.table import digest, history, history_query, in_average_season, snapshot, snapshot_query, statements
from clv.features.weeks import by_week
from clv.features.words import in_words

__all__ = [
    "FOR_PEOPLE",
    "LAST_YEAR",
    "LIFECYCLE",
    "OF_GAPS",
    "OF_THE_HORIZON",
    "Definition",
    "Prepared",
    "by_week",
    "digest",
    "history",
    "history_query",
    "in_average_season",
    "in_words",
    "snapshot",
    "snapshot_query",
    "statements",
]
