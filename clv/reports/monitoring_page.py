"""The page that a person reads first: verdict, reasons, what moved, and what to do next. No customer, no extreme."""

from typing import Any

import numpy as np
import pandas as pd

from clv.reports.figures import BLUE, GREY, INK, RED, canvas
from clv.reports.page import picture, rendered


def monitoring_page(
    content: dict, moved: dict[str, pd.DataFrame], groups: dict[str, pd.DataFrame], vintages: pd.DataFrame
) -> str:
    """One file, nothing loaded from elsewhere.

    Args: content: title, verdict, facts (label -> text), checks (list of name, status, reason), next (list of sentences), reasons
          (feature -> sentence).   moved, groups: title -> range or group, reference, current (shares).
          vintages: as_of, version, and value, low, high of bias and normalized_gini; may be empty.
    """
    pictures = {name: picture(beside(name, table)) for name, table in moved.items()}
    shares = {name: picture(beside(name, table)) for name, table in groups.items()}
    points = picture(over_time(vintages)) if len(vintages) else None
    return rendered("monitoring_page.html", content, moved=pictures, groups=shares, vintages=points)


def beside(title: str, table: pd.DataFrame) -> Any:
    """Shares of customers, baseline beside now. table: range or group, reference, current."""
    figure, axes = canvas(title, "", "Share of customers")
    figure.set_size_inches(6.4, 3.0)
    place = np.arange(len(table))
    axes.bar(place - 0.2, table["reference"], 0.4, color=GREY, label="baseline")
    axes.bar(place + 0.2, table["current"], 0.4, color=BLUE, label="now")
    axes.set_xticks(place, table.iloc[:, 0], rotation=30 if len(table) > 5 else 0)
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.legend(frameon=False)
    return figure


def over_time(vintages: pd.DataFrame) -> Any:
    """Predicted over actual revenue and the Gini of each vintage, with intervals."""
    figure, axes = canvas("What stored scores came to", "Scored as of (version)", "")
    figure.set_size_inches(6.4, 3.4)
    place = np.arange(len(vintages))
    for name, label, color, shift in (
        ("bias", "predicted / actual revenue (1 is right)", BLUE, -0.06),
        ("normalized_gini", "Gini of the ranking (1 is perfect)", RED, 0.06),
    ):
        value = vintages[name]
        ends = np.clip([value - vintages[f"{name}_low"], vintages[f"{name}_high"] - value], 0, None)
        axes.errorbar(place + shift, value, yerr=ends, fmt="o", color=color, capsize=3, label=label)
    axes.axhline(1, color=INK, linewidth=0.8)
    axes.set_ylim(bottom=0)
    axes.set_xlim(-0.6, len(vintages) - 0.4)
    names = [f"{row.as_of} ({row.version})" for row in vintages.itertuples()]
    axes.set_xticks(place, names, rotation=30 if len(names) > 3 else 0)
    axes.legend(frameon=False, fontsize="small")
    return figure
