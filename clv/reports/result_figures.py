"""Pictures of the result: who is expected to bring how much, by rank and cluster."""

from typing import Any

import numpy as np
import pandas as pd

from clv.reports.amounts import Money, percent
from clv.reports.canvas import ACTUAL, PLAIN, canvas, described, over, percent_ticks

_POINTS = 400  # of the curve
_CURVE, _ROW = 3.2, 0.54  # inches: of the curve, and of each cluster below it
_STRIP = 0.035  # width of the coloured strips, in shares of an axis


def result_picture(
    ranked: pd.DataFrame, rankings: pd.DataFrame, title: str, money: str = "", amounts: Money = PLAIN
) -> Any:
    """Returns a figure: the share of predicted CLV by rank, coloured by cluster, and each cluster's share of customers and of CLV.

    Args: ranked: one row a customer; clv_rank, predicted_clv, cluster_id, and horizon_days where it is known.
          rankings: one row a cluster; cluster_id, cluster_rank, customers, median_clv (currency), share_of_total (0 to 1).
          title: stands above the picture.   money: what predictions are amounts of, where it must be said.
          amounts: how amounts are written.
    """
    amount = _amount(ranked, money)
    figure, axes = canvas(title, "", "", rows=2, height=_CURVE + _ROW * len(rankings))
    axes[0].get_gridspec().set_height_ratios([_CURVE - 0.9, max(_ROW * len(rankings), _ROW)])
    _lorenz(axes[0], ranked, rankings, amount)
    _shares(axes[1], rankings, amounts)
    return described(figure, _in_words(rankings, amounts))


def _amount(ranked: pd.DataFrame, money: str) -> str:
    days = int(ranked["horizon_days"].iloc[0]) if "horizon_days" in ranked and len(ranked) else None
    return f"predicted CLV {over(days)}" + (f" ({money})" if money else "")


def _lorenz(axes: Any, ranked: pd.DataFrame, rankings: pd.DataFrame, amount: str) -> None:
    """The curve, and each cluster's part of both axes as a strip: lengths, which cannot mislead as an area would."""
    ordered = ranked.sort_values("clv_rank")
    value = np.concatenate([[0.0], np.cumsum(ordered["predicted_clv"].clip(lower=0).to_numpy())])
    share, customers = value / max(value[-1], 1e-9), np.linspace(0, 1, len(value))
    ids = ordered["cluster_id"].to_numpy()
    for color, cluster in zip(_colors(len(rankings)), rankings.itertuples(), strict=True):
        place = np.flatnonzero(ids == cluster.cluster_id)
        if not len(place):
            continue
        ends = [place[0], place[-1] + 1]
        at = np.unique(np.linspace(place[0], place[-1] + 1, _POINTS).astype(int))
        axes.plot(customers[at], share[at], color=color, linewidth=4, solid_capstyle="butt")
        axes.fill_between(customers[ends], -_STRIP, 0, color=color, linewidth=0)
        axes.fill_betweenx(share[ends], -_STRIP, 0, color=color, linewidth=0)
        corner = customers[ends[1]], share[ends[1]]
        axes.plot([0, corner[0], corner[0]], [corner[1], corner[1], 0], color="#dddddd", linewidth=0.8, zorder=0)
    axes.plot([0, 1], [0, 1], ":", color=ACTUAL, linewidth=1.2)
    axes.set_xlim(-_STRIP, 1)
    axes.set_ylim(-_STRIP, 1.02)
    percent_ticks(axes.xaxis)
    percent_ticks(axes.yaxis)
    axes.set_xlabel("Share of customers, by rank (highest first)")
    axes.set_ylabel(f"Share of {amount}".replace(" over", "\nover", 1))


def _shares(axes: Any, rankings: pd.DataFrame, amounts: Money) -> None:
    """Two bars a cluster: share of customers, and share of predicted CLV, with both in words."""
    total, place = max(rankings["customers"].sum(), 1), np.arange(len(rankings))[::-1]
    people = rankings["customers"].to_numpy() / total
    axes.barh(place + 0.15, people, 0.28, color="#c3cad2")
    axes.barh(place - 0.14, rankings["share_of_total"], 0.3, color=_colors(len(rankings)))
    for at, share, row in zip(place, people, rankings.itertuples(), strict=True):
        axes.text(
            0,
            at + 0.33,
            f"{row.cluster_rank}: {row.customers:,} customers, median {amounts(row.median_clv)}",
            va="bottom",
        )
        axes.text(share + 0.01, at + 0.14, f"{percent(share)} of customers", va="center", color=ACTUAL)
        axes.text(max(row.share_of_total, 0) + 0.01, at - 0.15, f"{percent(row.share_of_total)} of CLV", va="center")
    axes.set_xlim(0, 1.0 if max(people.max(initial=0), rankings["share_of_total"].max()) < 0.7 else 1.35)
    axes.set_ylim(-0.4, len(rankings) - 0.2)
    axes.axis("off")


def _colors(clusters: int) -> Any:
    import matplotlib

    return matplotlib.colormaps["viridis_r"](np.linspace(0.95, 0.15, max(clusters, 2)))[:clusters]


def _in_words(rankings: pd.DataFrame, amounts: Money) -> str:
    total = max(rankings["customers"].sum(), 1)
    rows = [
        f"Cluster {row.cluster_rank}: {row.customers:,} customers ({percent(row.customers / total)}), {percent(row.share_of_total)} of predicted "
        f"CLV, median {amounts(row.median_clv)}."
        for row in rankings.itertuples()
    ]
    return " ".join(rows)
