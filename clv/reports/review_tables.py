"""The tables of the review page: rows are what is measured, columns are the candidate, Production and BTYD."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from clv.reports.amounts import Money, percent
from clv.reports.metric_words import EXPLAINED, NAMES
from clv.reports.review_words import Reviewed, signed

_IN_CURRENCY, _SHARES = ("rmse", "mae"), ("top_decile_share", "bias")
_GRADES = {"better": "better", "worse": "worse"}
_COLUMNS = ("candidate", "production", "btyd")


@dataclass(frozen=True)
class Cell:
    """text: as it is shown.   note: a sentence below it.   grade: better, worse or even, for a cell that says so."""

    text: str
    note: str = ""
    grade: str = ""
    is_number: bool = True


@dataclass(frozen=True)
class Table:
    """heads: of the columns, the first of which names the row.   rows: of cells, as many in each."""

    heads: list[str]
    rows: list[list[Cell]]


def _words(text: str, note: str = "") -> Cell:
    return Cell(text, note, is_number=False)


def basis(reviewed: Reviewed, content: Mapping[str, Any], money: Money) -> Table:
    """Returns what a recommendation rests on: the total, the error, the ranking, the best tenth and the intervals."""
    measured, came = _measured(content), content["totals"][0]["actual"]
    totals = {row["recipe"]: row["predicted"] for row in content["totals"]}
    sides = _sides(content)
    rows: list[list[Cell]] = []
    if "bias" in measured:
        total = [Cell(money(totals[side]), f"{_percent(measured['bias'][side])} of it") for side in sides]
        rows.append([_words("Predicted total", f"{money(came)} came"), *total, _verdict(measured["bias"], "bias")])
    for metric in ("rmse", "normalized_gini"):
        if metric in measured:
            shown = [Cell(_value(metric, measured[metric][side], money)) for side in sides]
            rows.append([_words(*_SHORT[metric]), *shown, _verdict(measured[metric], metric)])
    if "top_decile_share" in measured:
        shown = [
            Cell(money(content["best"]["brought"][side]), f"{_percent(measured['top_decile_share'][side])} of all")
            for side in sides
        ]
        verdict = _verdict(measured["top_decile_share"], "top_decile_share")
        rows.append([_words("Best tenth brought", "the top 10 % of each list"), *shown, verdict])
    rows.append(_coverage_row(content, sides))
    return Table(["", *(reviewed.names[side] for side in sides), _last(reviewed)], rows)


_SHORT = {
    "rmse": ("Error per customer", "RMSE, lower is better"),
    "normalized_gini": ("Ranking", "Gini: 0 random, 1 perfect"),
}


def _last(reviewed: Reviewed) -> str:
    return "Verdict" if reviewed.comparable else ""


def _coverage_row(content: Mapping[str, Any], sides: list[str]) -> list[Cell]:
    promised, held = content["promised"], {side: rows[0]["coverage"] for side, rows in content["coverage"].items()}
    cells = [
        Cell(_percent(held[side]), f"{percent(promised[side])} promised") if side in held else Cell("–")
        for side in sides
    ]
    more = 100 * (held["candidate"] - promised["candidate"])
    size = f"{abs(more):.0f} points {'more' if more >= 0 else 'fewer'} than promised"
    return [
        _words("Within the interval", "share of customers"),
        *cells,
        _words(size, _below(content["coverage"]["candidate"], promised["candidate"])),
    ]


def _below(rows: list[dict[str, Any]], promised: float) -> str:
    """Which groups are covered below what is promised, where all customers together are not."""
    everybody, *rest = rows
    low = [row for row in rest if row["coverage"] < promised]
    if everybody["coverage"] < promised or not low:
        return ""
    return "but below it: " + ", ".join(
        f"{_BRIEF.get(row['group'], row['group'])} {_percent(row['coverage'])}" for row in low
    )


_BRIEF = {"bought again": "who bought again", "top decile": "the top decile"}


def metrics(reviewed: Reviewed, content: Mapping[str, Any], money: Money) -> Table:
    """Returns every metric with its sentence, the difference with its interval, and what it says of the candidate."""
    sides = _sides(content)
    heads = ["", *(reviewed.names[side] for side in sides)]
    heads += ["Difference (interval)", _last(reviewed)] if reviewed.comparable else []
    rows = []
    for metric, row in _measured(content).items():
        values = [Cell(_value(metric, row[side], money)) for side in sides]
        more = [_difference(metric, row, money), _verdict(row, metric)] if reviewed.comparable else []
        rows.append([_words(NAMES.get(metric, metric), EXPLAINED.get(metric, "")), *values, *more])
    return Table(heads, rows)


def recipes(reviewed: Reviewed, content: Mapping[str, Any], money: Money) -> Table:
    """Returns every metric of each recipe that needs no model beside the candidate's."""
    shown = [row for row in content["baselines"] if row["recipe"] != "production"]
    heads = ["", *(reviewed.names.get(row["recipe"], row["recipe"]) for row in shown)]
    names = [metric for metric in NAMES if any(metric in row for row in shown)]
    rows = [
        [_words(NAMES[metric]), *(Cell(_value(metric, row.get(metric), money)) for row in shown)] for metric in names
    ]
    return Table(heads, rows)


def groups(reviewed: Reviewed, rows: list[dict[str, Any]], money: Money) -> Table:
    """Returns the mean that came, the mean that each side predicted, and its error, by group of customers. rows: of metrics.by_group()."""
    sides = [side for side in _COLUMNS if any(row["recipe"] == side for row in rows)]
    named = {(row["group"], row["recipe"]): row for row in rows}
    heads = ["", "Customers", "Mean that came", *(f"Predicted: {reviewed.names[side]}" for side in sides)]
    heads += [f"Error (RMSE): {reviewed.names[side]}" for side in sides]
    shown = []
    for group in dict.fromkeys(row["group"] for row in rows):
        of = [named[group, side] for side in sides]
        first = [_words(group), Cell(f"{of[0]['customers']:,}"), Cell(_amount(of[0]["mean_actual"], money))]
        means, errors = ([Cell(_amount(row[name], money)) for row in of] for name in ("mean_predicted", "rmse"))
        shown.append([*first, *means, *errors])
    return Table(heads, shown)


def deciles(reviewed: Reviewed, content: Mapping[str, Any], money: Money) -> Table:
    """Returns the mean predicted beside the mean that came, by tenth of the customers as each side ranks them."""
    sides = content["deciles"]
    heads = ["Tenth (1 = highest)", "Customers"]
    heads += [f"{word}: {reviewed.names[side]}" for side in sides for word in ("Predicted", "Came (standard error)")]
    rows = []
    for tenth in zip(*sides.values(), strict=True):
        cells = [
            cell
            for row in tenth
            for cell in (
                Cell(_amount(row["predicted"], money)),
                Cell(f"{_amount(row['actual'], money)} ({_amount(row['actual_error'], money)})"),
            )
        ]
        rows.append([_words(str(tenth[0]["decile"])), Cell(f"{tenth[0]['customers']:,}"), *cells])
    return Table(heads, rows)


def coverage(reviewed: Reviewed, content: Mapping[str, Any], money: Money) -> Table:
    """Returns the share of customers whose revenue lay within their interval, beside the share that is promised, by group.

    The top decile is each side's own; `bought again` is chosen by the outcome, so that an interval need not keep its promise there.
    """
    sides = {side: {row["group"]: row for row in rows} for side, rows in content["coverage"].items()}
    first = next(iter(sides))
    heads = ["", "Promised", *(f"Found: {reviewed.names[side]}" for side in sides), "Customers", "Brought nothing"]
    heads += [f"Mean width: {reviewed.names[side]}" for side in sides]
    rows = []
    for group, row in sides[first].items():
        of = [table.get(group) for table in sides.values()]
        found = [Cell(_percent(one["coverage"]) if one else "–") for one in of]
        size = [Cell(f"{row['customers']:,}"), Cell(_percent(row["brought_nothing"]))]
        widths = [Cell(_amount(one["mean_width"], money) if one else "–") for one in of]
        rows.append(
            [_words(_GROUPS.get(group, group)), Cell(percent(content["promised"][first])), *found, *size, *widths]
        )
    return Table(heads, rows)


_GROUPS = {
    "all": "all customers",
    "bought again": "bought again (chosen by the outcome)",
    "top decile": "top decile of each version",
}


def movers(reviewed: Reviewed, rows: list[dict[str, Any]], money: Money) -> Table:
    """Returns customers with their predictions by both versions. rows: of ranking.moved(), with or without ids."""
    has_ids = any("customer_id" in row for row in rows)
    heads = ["Customer" if has_ids else "Stage", *(["Stage"] if has_ids else [])]
    heads += [
        f"Predicted: {reviewed.names['production']}",
        f"Predicted: {reviewed.names['candidate']}",
        "Change",
        "Rank",
    ]
    shown = []
    for row in rows:
        first = [_words(row["customer_id"])] if has_ids else []
        change = f"{'+' if row['clv_change'] >= 0 else '−'}{money(abs(row['clv_change']))}"
        amounts = [Cell(money(row["clv_before"])), Cell(money(row["clv_now"])), Cell(change)]
        ranks = Cell(f"{row['rank_before']:,.0f} → {row['rank_now']:,.0f}")
        shown.append([*first, _words(row["lifecycle_stage"]), *amounts, ranks])
    return Table(heads, shown)


def changes(reviewed: Reviewed, pairs: Mapping[str, Iterable[Any]]) -> Table:
    """Returns what differs between the two versions. pairs: name -> the candidate's and Production's."""
    rows = [
        [_words(name if "." in name else name.replace("_", " ")), *(_words(_plain(value)) for value in both)]
        for name, both in pairs.items()
    ]
    return Table(["", reviewed.names["candidate"], reviewed.names["production"]], rows)


def _sides(content: Mapping[str, Any]) -> list[str]:
    """The sides that took part, and BTYD."""
    recipes_there = {row["recipe"] for row in content["baselines"]}
    return [side for side in _COLUMNS if side in content["metrics"][0] or (side == "btyd" and side in recipes_there)]


def _measured(content: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Metric -> its row, with BTYD's value."""
    alone: dict[str, Any] = next((row for row in content["baselines"] if row.get("recipe") == "btyd"), {})
    return {row["metric"]: row | {"btyd": alone.get(row["metric"])} for row in content["metrics"]}


def _value(metric: str, value: float | None, money: Money) -> str:
    if value is None:
        return "–"
    if metric in _IN_CURRENCY:
        return money(value)
    if metric in _SHARES:
        return _percent(value)
    return f"{value:.3f}"


def _difference(metric: str, row: Mapping[str, Any], money: Money) -> Cell:
    ends = [row["difference"], row["low"], row["high"]]
    if any(end is None for end in ends):
        return Cell("–")
    value, low, high = (signed(end, _size(metric, abs(end), money)) for end in ends)
    note = {"bias": "points further from 100 %: below 0 is nearer", "top_decile_share": "points"}.get(metric, "")
    return Cell(f"{value} ({low} to {high})", note)


def _size(metric: str, value: float, money: Money) -> str:
    """Of a difference; between two shares in points."""
    return f"{100 * value:.1f}" if metric in _SHARES else _value(metric, value, money)


def _verdict(row: Mapping[str, Any], metric: str) -> Cell:
    """In words, with the relative size where it is worth a word."""
    graded = row.get("candidate_is", "")
    if not graded:
        return _words("")
    if None in (row["difference"], row["low"], row["high"]):
        return Cell("worse", "no number", "worse", is_number=False)
    value, low, high = row["difference"], row["low"], row["high"]
    size = _points(value, low, high) if metric == "bias" else _relative(value, low, high, row.get("production"))
    return Cell(graded, size, _GRADES.get(graded, "even"), is_number=False)


def _points(value: float, low: float, high: float) -> str:
    """How much nearer to 100 % a total is, or further from it, in points.

    >>> _points(-0.0129, -0.0151, 0.0126)
    '1.3 points nearer to what came (1.5 nearer to 1.3 further)'
    """
    size, one, other = (f"{abs(100 * end):.1f}" for end in (value, low, high))
    way, first, last = ("further" if end > 0 else "nearer" for end in (value, low, high))
    interval = f"{one} to {other}" if first == last == way else f"{one} {first} to {other} {last}"
    return f"{size} points {way} {'from' if way == 'further' else 'to'} what came ({interval})"


def _relative(value: float, low: float, high: float, base: float | None) -> str:
    """As a share of Production's figure."""
    size, one, other = (
        signed(end, f"{abs(100 * end / (abs(base) if base else 1)):.1f} %") for end in (value, low, high)
    )
    return f"{size} ({one} to {other})"


def _amount(value: float | None, money: Money) -> str:
    return "–" if value is None else money(value)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "–"
    return "–" if value in (None, "None") else str(value)
