"""What a fitted model says of each customer, beside what the customer is known by."""

import datetime as dt

import pandas as pd

from clv import model, ranking


def scores(fitted: model.Model, features: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """Returns ranking.scores() of the customers: predictions, behaviour and past.

    Args:
        fitted: of model.fit().
        features: the feature table as of the day, one row a customer.
        as_of: the day of the scoring.
    """
    known = [model.predict(fitted, features), model.behaviour(fitted, features), ranking.past(features, as_of)]
    return ranking.scores(features, pd.concat(known, axis=1))
