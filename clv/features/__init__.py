"""The feature table at one cutoff: what its columns mean, the SQL that makes it, and their names in words."""

from clv.features.definition import Definition, digest, history, in_words, snapshot, sql

__all__ = ["Definition", "digest", "history", "in_words", "snapshot", "sql"]
