"""Whether a table is one that features make: a version is also asked by people who build the table themselves."""

import numpy as np
import pandas as pd

from clv.errors import Code, InputError
from clv.features import LIFECYCLE, OF_GAPS
from clv.wording import counted

_BUILD_IT = "build it with the definition that is stored with the model version"
_ORDERED = (
    ("recency_days", "tenure_days"),
    ("placed_recency_days", "tenure_days"),
)  # the first is not more than the second
_SMALL = 1e-6


def checked(inputs: list[str], features: pd.DataFrame) -> pd.DataFrame:
    """Returns the table with every column of the inputs: a gap that is not given does not exist.

    Args:
        inputs: lifecycle_stage, and the names of the numeric columns that a model learnt on.
        features: one row a customer.
    Raises:
        InputError: a column is missing, holds text, infinite values or nothing, a stage is not known, a count is negative, or the last
            order lies before the first one.
    """
    lacking = [name for name in inputs if name not in features]
    if missing := [name for name in lacking if name not in OF_GAPS]:
        what = (
            f"The feature table lacks {counted(len(missing), 'column')} the model learnt on: {', '.join(missing[:5])}"
        )
        raise InputError(Code.MISSING_FEATURES, what=what, fix=_BUILD_IT)
    table = features.assign(**dict.fromkeys(lacking, np.nan)) if lacking else features
    kinds_of = table.dtypes
    if text := [name for name in inputs[1:] if not pd.api.types.is_numeric_dtype(kinds_of[name])]:
        kinds = ", ".join(f"{name} {table[name].dtype}" for name in text[:5])
        verb = "is" if len(text) == 1 else "are"
        what = f"{counted(len(text), 'column')} of the feature table {verb} not of the numbers that the model learnt on: {kinds}"
        raise InputError(Code.FEATURE_TYPE, what=what, fix=_BUILD_IT)
    numbers = table[inputs[1:]].to_numpy("float64")
    infinite = np.isinf(numbers).any(axis=1)
    if infinite.any():
        what = f"{infinite.sum()} of {len(table)} rows of the feature table hold infinite values"
        raise InputError(Code.NOT_FINITE, what=what, fix="look at the revenue column of those customers")
    _refuse_empty(inputs[1:], numbers)
    _refuse_impossible(table)
    return table


def _refuse_empty(names: list[str], numbers: np.ndarray) -> None:
    """Raises: InputError: nothing stands where every history gives a number."""
    for name, empty in zip(names, np.isnan(numbers).sum(axis=0), strict=True):
        if empty and name not in OF_GAPS:
            what = f"{empty} of {len(numbers)} rows of the feature table have nothing in {name}"
            raise InputError(Code.MISSING_FEATURES, what=what, fix=_BUILD_IT)


def _refuse_impossible(table: pd.DataFrame) -> None:
    """Raises: InputError: rows that no history gives."""
    strange = ~table["lifecycle_stage"].isin(LIFECYCLE)
    if strange.any():
        what = f"{strange.sum()} of {len(table)} rows have a lifecycle_stage like {table.loc[strange, 'lifecycle_stage'].iloc[0]!r}"
        raise InputError(Code.FEATURE_TYPE, what=what, fix=f"lifecycle_stage is one of {', '.join(LIFECYCLE)}")
    for name in ("frequency", "recency_days", "placed_recency_days", "placed_orders", "tenure_days"):
        if name in table and (negative := table[name] < 0).any():
            what = f"{negative.sum()} of {len(table)} rows of the feature table have {name} below 0, like {table.loc[negative, name].iloc[0]}"
            raise InputError(Code.FEATURE_TYPE, what=what, fix=_BUILD_IT)
    for name, most in _ORDERED:
        if name in table and (above := table[name] > table[most] + _SMALL).any():
            what = (
                f"{above.sum()} of {len(table)} rows of the feature table have {name} above {most}, like "
                f"{table.loc[above, name].iloc[0]} and {table.loc[above, most].iloc[0]}"
            )
            raise InputError(Code.FEATURE_TYPE, what=what, fix=_BUILD_IT)
