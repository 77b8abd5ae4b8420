"""What a fitted model says of each customer, beside what the customer is known by."""

import datetime as dt

import pandas as pd

from clv import features, model, ranking
from clv.panel import Panel


def of_customers(
    fitted: model.Model, definition: features.Definition, customers: Panel, as_of: dt.date
) -> pd.DataFrame:
    """Returns scores() of those of the customers who ordered before the day. definition: of the features that the model learnt from."""
    return scores(fitted, customers.snapshot(as_of, definition), as_of)


def scores(fitted: model.Model, features: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """Returns ranking.scores() of the customers: predictions, behaviour and past.

    Args:
        fitted: of model.fit().
        features: the feature table as of the day, one row a customer.
        as_of: the day of the scoring.
    """
    return ranking.scores(features, pd.concat([model.answers(fitted, features), ranking.past(features, as_of)], axis=1))


def predictions(fitted: model.Model, features: pd.DataFrame) -> pd.DataFrame:
    """Returns the columns of scores() that the columns of model.inputs are enough for: all but the past. features: as for scores()."""
    return ranking.scores(features, model.answers(fitted, features))
