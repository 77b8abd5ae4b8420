"""The feature table at one cutoff: what its columns mean, the SQL that makes it, and their names in words."""

from clv.features.definition import LIFECYCLE, OF_GAPS, Definition
from clv.features.table import digest, history, snapshot
from clv.features.words import in_words

__all__ = ["LIFECYCLE", "OF_GAPS", "Definition", "digest", "history", "in_words", "snapshot"]
