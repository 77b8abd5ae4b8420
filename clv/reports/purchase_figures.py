"""Pictures of the purchase and spend models beside what customers did: those that a reader of the BTYD literature looks for."""

from typing import Any

import numpy as np
import pandas as pd

from clv.reports.amounts import Money, percent
from clv.reports.canvas import (
    ACTUAL,
    BLUE,
    INK,
    NORMAL,
    PLAIN,
    RED,
    by_date,
    canvas,
    described,
    money_ticks,
    over,
    percent_ticks,
)

_TRACKED = {"orders": "Repeat orders", "revenue": "Revenue of repeat orders"}


def tracking_chart(table: pd.DataFrame, what: str = "orders", money: Money = PLAIN) -> Any:
    """Returns a figure: repeat orders (or their revenue) per week and summed up, actual and expected, with the cutoff marked.

    Args: table: of purchase_model.tracking().   what: orders or revenue.
    """
    name = money.axis("Revenue") if what == "revenue" else "Orders"
    figure, axes = canvas(f"{_TRACKED[what]}, actual and expected", "", "", rows=2, height=4.8)
    sides = {"actual": (what, ACTUAL), "expected": (f"expected_{what}", BLUE)}
    for panel, amounts, title in (
        (axes[0], table, "per week"),
        (axes[1], table.cumsum(numeric_only=True), "summed up"),
    ):
        for label, (column, color) in sides.items():
            panel.plot(
                table["week"], amounts[column], color=color, linewidth=2.2 if label == "expected" else 1.4, label=label
            )
        panel.set_ylabel(f"{name}\n{title}")
        panel.set_ylim(bottom=0)
        money_ticks(panel.yaxis)
        by_date(panel.xaxis)
    _cutoff(axes, table)
    _legend_above(axes[0])
    return described(figure, _tracked(table, what))


def _legend_above(axes: Any) -> None:
    """A legend that no line runs through."""
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 0.98), ncols=2, borderaxespad=0)


def _cutoff(axes: Any, table: pd.DataFrame) -> None:
    """Marks where the model stops to know."""
    after = table.loc[table["is_holdout"], "week"]
    for panel in axes:
        if len(after):
            panel.axvline(after.iloc[0], color=RED, linewidth=1.4, linestyle="--")
            panel.axvspan(after.iloc[0], table["week"].iloc[-1], color=RED, alpha=0.07, linewidth=0)
    if len(after):
        axes[1].set_xlabel(f"Dashed: the cutoff, {after.iloc[0]}")


def _tracked(table: pd.DataFrame, what: str) -> str:
    """The two totals on both sides of the cutoff, as text."""
    parts = []
    for when, rows in (("Before the cutoff", table[~table["is_holdout"]]), ("After it", table[table["is_holdout"]])):
        if len(rows):
            parts.append(f"{when}: {rows[what].sum():,.0f} came, {rows[f'expected_{what}'].sum():,.0f} were expected.")
    return " ".join(parts)


def repeat_orders_chart(table: pd.DataFrame) -> Any:
    """Returns a figure: customers by number of repeat orders, actual beside expected.

    Args: table: of purchase_model.by_repeat_orders().
    """
    figure, axes = canvas("Customers by number of repeat orders", "Repeat orders until the cutoff", "Customers")
    place = np.arange(len(table))
    axes.bar(place - 0.2, table["customers"], 0.4, color=ACTUAL, label="actual")
    axes.bar(place + 0.2, table["expected"], 0.4, color=BLUE, label="expected")
    axes.set_xticks(place, table["repeat_orders"])
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.legend(frameon=False)
    rows = "; ".join(f"{row.repeat_orders}: {row.customers:,} and {row.expected:,.0f}" for row in table.itertuples())
    return described(figure, f"By repeat orders, the customers that there are and those that are expected. {rows}.")


def orders_before_chart(table: pd.DataFrame, horizon_days: int) -> Any:
    """Returns a figure: orders in the horizon by repeat orders before it, actual (with 95 % intervals) and expected.

    Args: table: of purchase_model.by_orders_before().
    """
    figure, axes = canvas(
        f"Orders {over(horizon_days)}, by repeat orders before",
        "Repeat orders until the cutoff",
        "Orders of a customer (mean)",
    )
    place, noise = np.arange(len(table)), NORMAL * table["error"].fillna(0)
    axes.errorbar(place, table["orders"], yerr=noise, fmt="o", color=ACTUAL, capsize=3, label="actual, 95 % interval")
    axes.plot(place, table["expected"], color=BLUE, linewidth=2.2, label="expected")
    axes.set_xticks(place, [f"{row.repeat_orders}\n({row.customers:,})" for row in table.itertuples()])
    axes.set_xlabel("Repeat orders until the cutoff (customers)")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, loc="upper left")
    rows = "; ".join(f"{row.repeat_orders}: {row.orders:.2f} and {row.expected:.2f}" for row in table.itertuples())
    return described(
        figure, f"Mean orders of a customer after the cutoff, actual and expected, by repeat orders before it. {rows}."
    )


def heat_maps(table: pd.DataFrame, horizon_days: int) -> Any:
    """Returns a figure: expected orders, and the chance of still being a customer, by orders so far and days since the last one.

    Args: table: of purchase_model.by_orders_and_recency().
    """
    from matplotlib.ticker import MaxNLocator

    figure, axes = canvas("What the number of orders and the last one say", "Orders so far", "", rows=2, height=5.8)
    tenure = table["tenure_days"].iloc[0]
    panels = (
        ("expected_orders", f"Orders expected {over(horizon_days)}"),
        ("alive", "Chance of still being a customer"),
    )
    for panel, (column, name) in zip(axes, panels, strict=True):
        values = table.pivot(index="days_since_last_order", columns="orders", values=column)
        mesh = panel.pcolormesh(
            values.columns, values.index, values, cmap="viridis", shading="nearest", rasterized=True
        )
        if column == "alive":
            mesh.set_clim(0, 1)
        low, high = float(values.min(axis=None)), float(values.max(axis=None))
        levels = [0.25, 0.5, 0.75] if column == "alive" else MaxNLocator(5).tick_values(0, max(1e-9, high))[1:]
        if inside := [level for level in levels if low < level < high]:
            lines = panel.contour(values.columns, values.index, values, levels=inside, colors="white", linewidths=1)
            panel.clabel(lines, fmt=lambda value: f"{value:.3g}")
        panel.set_ylim(values.index.max(), 0)
        panel.set_title(name, loc="left", fontsize=10)
        panel.set_ylabel("Days since the last order")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        figure.colorbar(mesh)
    axes[1].set_xlabel(f"Orders so far, of a customer since {tenure:,.0f} days")
    expected = table["expected_orders"].fillna(0)  # no number where the formula overflows
    best, worst = table.loc[expected.idxmax()], table.loc[expected.idxmin()]
    return described(
        figure,
        f"A customer since {tenure:,.0f} days with {best['orders']:.0f} orders, the last {best['days_since_last_order']:.0f} days ago, is "
        f"expected to place {best['expected_orders']:.2f} orders {over(horizon_days)}; one with {worst['orders']:.0f} orders, the last "
        f"{worst['days_since_last_order']:.0f} days ago, {worst['expected_orders']:.2f}.",
    )


def spend_chart(table: pd.DataFrame, money: Money = PLAIN) -> Any:
    """Returns a figure: customers by the mean value of their orders, actual as bars and expected as a line.

    Args: table: of purchase_model.by_spend().
    """
    from matplotlib.ticker import LogLocator

    figure, axes = canvas(
        "What customers spend on an order", money.axis("Mean value of a customer's orders"), "Share of customers"
    )
    edges, total = [*table["value_from"], table["value_to"].iloc[-1]], max(table["customers"].sum(), 1)
    axes.stairs(table["customers"] / total, edges, fill=True, color=ACTUAL, alpha=0.75, label="actual")
    middle = np.sqrt(table["value_from"] * table["value_to"])
    axes.plot(middle, table["expected"] / total, color=BLUE, linewidth=2.4, label="expected")
    axes.set_xscale("log", subs=[])
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    money_ticks(axes.xaxis)
    percent_ticks(axes.yaxis)
    axes.legend(frameon=False)
    peak = table.loc[table["customers"].idxmax()]
    return described(
        figure,
        f"Share of customers by the mean value of their orders; each range is as many times as wide as the one before. Most common: "
        f"{money(peak['value_from'])} to {money(peak['value_to'])}, {percent(peak['customers'] / total)} of the customers, and "
        f"{percent(peak['expected'] / total)} are expected.",
    )


def timeline_chart(title: str, alive: pd.DataFrame, orders: pd.DataFrame, money: Money = PLAIN) -> Any:
    """Returns a figure: one customer's chance of still being a customer over time, above the orders.

    Args: title: stands above the picture.   alive: of purchase_model.timeline().
          orders: order_date, revenue (of the day, in currency; refunds below 0).
    """
    figure, axes = canvas(title, "", "Chance of still\nbeing a customer", rows=2, height=4.2)
    known, ahead = alive[alive["is_known"]], alive[~alive["is_known"]]
    axes[0].plot(known["day"], known["alive"], color=BLUE, linewidth=2)
    if len(ahead):
        later = pd.concat([known.tail(1), ahead])
        axes[0].plot(later["day"], later["alive"], color=BLUE, linewidth=2, linestyle=":", label="if no order comes")
        _legend_above(axes[0])
    bought = orders[orders["revenue"] > 0]
    axes[0].plot(bought["order_date"], np.full(len(bought), 1.06), "|", color=INK, markersize=9, clip_on=False)
    axes[0].set_ylim(0, 1.1)
    axes[0].set_yticks([0, 0.5, 1])
    percent_ticks(axes[0].yaxis)
    axes[1].vlines(orders["order_date"], 0, orders["revenue"], color=INK, linewidth=1.6)
    axes[1].plot(orders["order_date"], orders["revenue"], "o", color=INK, markersize=4)
    axes[1].axhline(0, color=INK, linewidth=0.8)
    axes[1].set_ylabel(money.axis("Order"))
    money_ticks(axes[1].yaxis)
    first, last = alive["day"].iloc[0] - pd.Timedelta(days=1), alive["day"].iloc[-1]
    axes[0].set_xlim(first - (last - first) * 0.03, last)
    axes[1].sharex(axes[0])
    for panel in axes:
        by_date(panel.xaxis)
    now = known["alive"].iloc[-1] if len(known) else 1.0
    return described(
        figure,
        f"{len(bought)} days with an order. On {alive.loc[alive['is_known'], 'day'].max()} the chance of still being a customer is {percent(now)}.",
    )
