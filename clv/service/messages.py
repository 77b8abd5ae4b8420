"""What a request and an answer hold."""

from typing import Annotated

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, StrictStr

_Text = Annotated[StrictStr, Field(max_length=1000)]


class Purchase(BaseModel):
    """An order, or a return if its revenue is below 0; several of one day are summed."""

    model_config = ConfigDict(extra="forbid")
    customer_id: _Text | StrictInt = Field(description="kept as text: 00042 and 42 are two customers")
    order_date: _Text = Field(description="YYYY-MM-DD; a time may follow, and the day counts as it is written")
    revenue: StrictInt | StrictFloat | _Text = Field(
        description="in the money that the version predicts; negative is a return"
    )


class Request(BaseModel):
    """All purchases of each of some customers: one that is left out makes another customer of them."""

    model_config = ConfigDict(extra="forbid")
    purchases: list[Purchase]
    as_of: _Text | None = Field(None, description="first day that is not seen, YYYY-MM-DD; tomorrow by UTC if left out")
    version: Annotated[str, Field(pattern=r"^[1-9]\d{0,8}$")] | None = Field(
        None, description="the number of a version, instead of the one in production"
    )

    def table(self) -> pd.DataFrame:
        """Returns the purchases: customer_id, order_date, revenue; numbers as texts, for the contract reads texts."""
        return pd.DataFrame(
            {
                "customer_id": [str(each.customer_id) for each in self.purchases],
                "order_date": [each.order_date for each in self.purchases],
                "revenue": [str(each.revenue) for each in self.purchases],
            },
            dtype="str",
        )


class Score(BaseModel):
    """One customer; amounts in the version's money, over its horizon."""

    customer_id: str
    predicted_clv: float
    predicted_clv_low: float
    predicted_clv_high: float
    p_alive: float
    p_buy: float
    expected_orders: float
    orders: int
    revenue_total: float
    last_order: str
    lifecycle_stage: str


class VersionFacts(BaseModel):
    """Which version answered. alias: by which it was found; empty where the request named the number."""

    model: str
    version: str
    alias: str
    recipe: str
    learnt_until: str = Field(description="first day whose revenue the version has not learnt from")
    horizon_days: int
    run_id: str
    money: str


class Answer(VersionFacts):
    """not_scored: customers without an order before as_of.   later_rows: customers' days from as_of on, which were not seen."""

    as_of: str
    predictions: list[Score]
    not_scored: list[str]
    later_rows: int
    warnings: list[str]


class Health(BaseModel):
    """ok: a version is loaded.   tracking_server: whether it answered at the last look.   problem: of the last look; null if there is none."""

    ok: bool
    version: str | None
    alias: str | None
    learnt_until: str | None
    loaded_at: str | None
    tracking_server: bool
    problem: str | None


class Problem(BaseModel):
    """code: for programs.   message: for people, with the next move."""

    code: str
    message: str
