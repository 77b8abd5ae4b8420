"""The exports of systems that many shops have, known by their headers."""

from dataclasses import dataclass, field

from clv.proposal.words import plain


@dataclass(frozen=True)
class System:
    """An export.

    Args: name: of the system and the export.   header: names that it alone has together.   columns: ours -> its, the first that is there counts.
          status: the column that says what became of an order.   only: a column, and the condition on rows where it is there.   note: what to know of it.
    """

    name: str
    header: tuple[str, ...]
    columns: dict[str, tuple[str, ...]]
    status: str | None = None
    only: tuple[tuple[str, str], ...] = ()
    note: str = ""
    guests: tuple[str, ...] = field(default=())


SYSTEMS = (
    System(
        "Shopify orders",
        ("Financial Status", "Lineitem quantity", "Created at", "Total"),
        {"customer_id": ("Email",), "order_date": ("Created at", "Paid at"), "revenue": ("Total",), "refund": ("Refunded Amount",), "currency": ("Currency",)},
        status="Financial Status",
        note="the first line of each order holds its total and its status; the lines without a status are further items of the same order",
    ),
    System(
        "WooCommerce orders",
        ("order_number", "order_date", "status", "order_total", "billing_email"),
        {"customer_id": ("customer_id", "customer_user", "billing_email"), "order_date": ("order_date",), "revenue": ("order_total",),
         "refund": ("refunded_total",), "currency": ("order_currency",)},
        status="status",
        guests=("0",),
        note="customer 0 is whoever ordered as a guest; data.columns.customer_id=billing_email tells guests apart by their address",
    ),
    System(
        "Stripe payments",
        ("Created date (UTC)", "Amount", "Amount Refunded", "Status"),
        {"customer_id": ("Customer ID", "Customer Email"), "order_date": ("Created date (UTC)",), "revenue": ("Amount",), "refund": ("Amount Refunded",),
         "currency": ("Currency",)},
        status="Status",
        note="amounts are in the currency of the payment; Converted Amount is in yours",
    ),
    System(
        "PayPal activity",
        ("Date", "Time", "Type", "Status", "Gross", "Fee", "From Email Address"),
        {"customer_id": ("From Email Address",), "order_date": ("Date",), "revenue": ("Gross",), "currency": ("Currency",)},
        status="Status",
        only=(("Balance Impact", "\"Balance Impact\" = 'Credit'"),),
        note="rows below 0 are what you paid; refunds are among them, under the address of the shop, so they cannot be given to customers",
    ),
    System(
        "Magento orders (admin export)",
        ("Purchase Point", "Purchase Date", "Grand Total (Base)", "Status"),
        {"customer_id": ("Customer Email", "Bill-to Name"), "order_date": ("Purchase Date",), "revenue": ("Grand Total (Base)",), "refund": ("Total Refunded",)},
        status="Status",
    ),
    System(
        "Magento orders (sales_order)",
        ("increment_id", "created_at", "base_grand_total", "state"),
        {"customer_id": ("customer_email", "customer_id"), "order_date": ("created_at",), "revenue": ("base_grand_total",), "refund": ("base_total_refunded",),
         "currency": ("base_currency_code",)},
        status="status",
    ),
    System(
        "Square transactions",
        ("Gross Sales", "Net Sales", "Transaction ID", "Customer ID"),
        {"customer_id": ("Customer ID",), "order_date": ("Date",), "revenue": ("Net Sales",)},
        note="Net Sales is after returns and discounts, before tax and tips; rows of type Refund are negative",
    ),
    System(
        "Odoo sales orders",
        ("Order Reference", "Customer", "Total", "Status"),
        {"customer_id": ("Customer",), "order_date": ("Order Date", "Creation Date"), "revenue": ("Untaxed Amount", "Total")},
        status="Status",
    ),
    System(
        "Odoo sales orders (technical names)",
        ("date_order", "partner_id", "amount_total", "state"),
        {"customer_id": ("partner_id",), "order_date": ("date_order",), "revenue": ("amount_untaxed", "amount_total"), "currency": ("currency_id",)},
        status="state",
    ),
    System(
        "Amazon seller orders",
        ("amazon-order-id", "purchase-date", "order-status", "item-price"),
        {"customer_id": ("buyer-email",), "order_date": ("purchase-date",), "revenue": ("item-price",), "currency": ("currency",)},
        status="order-status",
    ),
    System(
        "invoice lines of the UCI Online Retail layout",
        ("StockCode", "Quantity", "InvoiceDate", "Country"),
        {"customer_id": ("CustomerID", "Customer ID"), "order_date": ("InvoiceDate",), "quantity": ("Quantity",), "unit_price": ("UnitPrice", "Price")},
        note="lines of an invoice that begins with C take back what was sold: their quantity is negative",
    ),
)  # fmt: skip


def recognised(names: list[str]) -> System | None:
    """Returns the system whose header has all of its names among these; None: none of them."""
    ours = {plain(name) for name in names}
    return next((system for system in SYSTEMS if {plain(name) for name in system.header} <= ours), None)
