"""Amounts of money and shares, as people read them on pages and axes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Money:
    """How a page writes the amounts of one history.

    currency: like EUR; None: the history does not say, and amounts stand alone.
    """

    currency: str | None = None

    def __call__(self, amount: float | None) -> str:
        """Returns an amount with its currency, without decimals from 100 on.

        >>> Money("EUR")(58995.2), Money()(31.684), Money("EUR")(-2.5)
        ('58,995 EUR', '31.68', '-2.50 EUR')
        """
        text = number(amount)
        return text if text == "-" else self._of(text)

    def short(self, amount: float) -> str:
        """Returns an amount as an axis has it.

        >>> Money().short(1250), Money("EUR").short(3_400_000), Money().short(20)
        ('1.25k', '3.4M EUR', '20')
        """
        for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
            if abs(amount) >= size:
                return self._of(f"{amount / size:.3g}{letter}")
        return self._of(f"{amount:.3g}")

    def axis(self, text: str) -> str:
        """Returns the title of an axis.

        >>> Money("EUR").axis("Predicted CLV over 90 days"), Money().axis("Revenue a week")
        ('Predicted CLV over 90 days (EUR)', 'Revenue a week')
        """
        return f"{text} ({self.currency})" if self.currency else text

    def _of(self, number: str) -> str:
        return f"{number} {self.currency}" if self.currency else number


def number(amount: float | None) -> str:
    """Returns an amount without its currency, without decimals from 100 on; a dash where it is not a number.

    >>> number(58995.2), number(-0.001), number(-2.5), number(None)
    ('58,995', '0.00', '-2.50', '-')
    """
    if amount is None or amount != amount:
        return "-"
    text = f"{amount:,.0f}" if abs(amount) >= 99.995 else f"{amount:,.2f}"
    return "0.00" if text == "-0.00" else text


def percent(share: float) -> str:
    """Returns a share of 0 to 1 in percent, with a decimal below 10.

    >>> percent(0.683), percent(0.0312), percent(0.0003)
    ('68 %', '3.1 %', 'below 0.1 %')
    """
    if 0 < share < 0.0005:
        return "below 0.1 %"
    return f"{100 * share:.0f} %" if abs(share) >= 0.0995 else f"{100 * share:.1f} %"
