"""What a request and an answer hold."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Annotated, Any

import pandas as pd
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    TypeAdapter,
    ValidationError,
    model_validator,
)

_SHOWN = 3  # problems that are named
_NAME = 80  # signs of a field's name, which the client chose
_JSON = TypeAdapter(Any)
_Text = Annotated[StrictStr, Field(max_length=1000)]


class _Closed(BaseModel):
    """Other fields are refused, and it costs the same however many there are."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _few(cls, content: Any) -> Any:
        if not isinstance(content, dict) or len(content) <= len(cls.model_fields):
            return content
        others = islice((name for name in content if name not in cls.model_fields), _SHOWN)
        return {name: content[name] for name in [*others, *cls.model_fields] if name in content}


class Purchase(_Closed):
    """An order, or a return if its revenue is below 0; several of one day are summed."""

    customer_id: _Text | StrictInt = Field(description="kept as text: 00042 and 42 are two customers")
    order_date: _Text = Field(description="YYYY-MM-DD; a time may follow, and the day counts as it is written")
    revenue: StrictInt | StrictFloat | _Text = Field(
        description="in the money that the version predicts; negative is a return"
    )


class Request(_Closed):
    """All purchases of each of some customers: one that is left out makes another customer of them."""

    purchases: list[Purchase] = Field(fail_fast=True)
    as_of: _Text | None = Field(None, description="first day that is not seen, YYYY-MM-DD; tomorrow by UTC if left out")
    version: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,8}$")] | None = Field(
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


def parsed(body: bytes) -> Any:
    """Returns what the JSON holds. Raises: ValueError: it is none."""
    with _in_words():
        return _JSON.validate_json(body)


def read(content: Any) -> Request:
    """Returns the request. content: of parsed().   Raises: ValueError: it is none; up to the first row that is wrong is looked at."""
    with _in_words():
        return Request.model_validate(content)


@contextmanager
def _in_words() -> Iterator[None]:
    """Raises: ValueError: names the first problems, and no value."""
    try:
        yield
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)[:_SHOWN]
        shown = (f"{'.'.join(str(name)[:_NAME] for name in each['loc']) or 'body'}: {each['msg']}" for each in found)
        raise ValueError("; ".join(shown)) from None


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
