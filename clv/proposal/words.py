"""The names that columns and values have in exports, in some languages of Europe; compared without case, blanks, _ and -."""

import re

from clv.data.header import key

CUSTOMER = (
    "customerid", "customer", "customerno", "customernumber", "customercode", "customeruniqueid", "custid", "clientid", "userid", "memberid", "buyerid",
    "accountid", "shopperid", "donorid", "householdkey", "householdid", "cardid", "cardnumber", "loyaltyid", "contactid", "partnerid", "visitorid", "subscriberid",
    "kundennummer", "kundennr", "kundenid", "kunde", "kdnr", "idclient", "client", "codeclient", "numeroclient", "cliente", "idcliente", "codigocliente",
    "codicecliente", "klantnummer", "klantid", "klient", "kundnr", "kundnummer", "user", "buyer", "member", "donor", "account", "shopper", "subscriber",
    "customeremail", "billingemail", "buyeremail", "payeremail", "fromemailaddress", "emailaddress", "email", "mail", "useremail", "id", "uid", "custno", "customerkey", "customername",
    "fullname", "buyername", "billtoname", "billingname", "clientname",
)  # fmt: skip
ORDER_DATE = (
    "orderdate", "invoicedate", "purchasedate", "transactiondate", "saledate", "salesdate", "dateorder", "orderpurchasetimestamp", "orderedat", "ordertime",
    "ordertimestamp", "orderdatetime", "createdat", "created", "createddate(utc)", "createddate", "creationdate", "processedat", "paidat", "paymentdate", "date",
    "datetime", "timestamp", "ts", "time", "day", "bestelldatum", "rechnungsdatum", "auftragsdatum", "belegdatum", "kaufdatum", "datum", "datecommande", "datefacture", "fecha",
    "fechapedido", "fechafactura", "data", "dataordine", "datapedido", "orderdatum", "factuurdatum", "donationdate", "giftdate", "transdate", "trxdate", "txndate",
    "dateofpurchase", "dateofsale", "visitdate", "closedate", "posteddate", "bookingdate",
)  # fmt: skip
REVENUE = (
    "revenue", "netrevenue", "ordertotal", "grandtotal", "totalamount", "ordervalue", "orderamount", "amount", "total", "totalprice", "totalpaid", "amountpaid", "netsales",
    "salesvalue", "saleamount", "salesamount", "sales", "netamount", "nettotal", "amounttotal", "basegrandtotal", "grandtotal(base)", "grandtotal(purchased)", "totalcollected",
    "subtotal", "untaxedamount", "linetotal", "lineamount", "extendedprice", "value", "spend", "spent", "turnover", "net", "gross", "grosssales", "payment", "paymentvalue",
    "umsatz", "nettoumsatz", "betrag", "gesamtbetrag", "gesamt", "summe", "nettobetrag", "bruttobetrag", "chiffreaffaires", "montant", "montantttc", "montantht", "importe", "importetotal",
    "ingresos", "ventas", "importo", "totale", "fatturato", "bedrag", "omzet", "totaal", "belopp", "summa", "kwota", "valor", "donationamount", "giftamount", "transactionamount", "dollars",
    "price", "preis", "precio", "prix", "prezzo", "prijs",
)  # fmt: skip
QUANTITY = (
    "quantity", "qty", "units", "pieces", "orderqty", "orderquantity", "quantityordered", "qtyordered", "lineitemquantity", "itemquantity", "count", "menge", "anzahl", "stueck", "stück", "stückzahl",
    "quantite", "quantité", "qte", "qté", "cantidad", "unidades", "quantita", "quantità", "qta", "aantal", "antal", "ilosc", "ilość", "quantidade",
)  # fmt: skip
UNIT_PRICE = (
    "unitprice", "priceeach", "priceperunit", "itemprice", "lineitemprice", "productprice", "saleprice", "sellingprice", "price", "unitcost", "rate", "einzelpreis", "stückpreis", "stueckpreis", "preis",
    "prixunitaire", "prix", "preciounitario", "precio", "prezzounitario", "prezzo", "prijs", "stukprijs", "pris", "cena", "preco", "preço", "precounitario",
)  # fmt: skip
REFUND = (
    "refund", "refunds", "refunded", "refundedamount", "amountrefunded", "refundamount", "totalrefunded", "refundedtotal", "refundtotal", "returnedamount", "returns",
    "erstattung", "rückerstattung", "rueckerstattung", "remboursement", "reembolso", "rimborso",
)  # fmt: skip
STATUS = (
    "orderstatus", "financialstatus", "paymentstatus", "status", "state", "transactionstatus", "invoicestatus", "bestellstatus", "auftragsstatus", "zahlungsstatus", "zustand", "statut",
    "estado", "stato", "etat",
)  # fmt: skip
CURRENCY = (
    "currency",
    "currencycode",
    "ordercurrency",
    "ordercurrencycode",
    "presentmentcurrency",
    "währung",
    "waehrung",
    "devise",
    "moneda",
    "valuta",
)
ORDER_ID = (
    "orderid", "ordernumber", "orderno", "order", "ordername", "orderreference", "invoiceno", "invoicenumber", "invoiceid", "invoice", "transactionid", "transactionno", "receiptid", "receiptno",
    "basketid", "incrementid", "billno", "salesid", "bestellnummer", "bestellnr", "auftragsnummer", "auftragsnr", "rechnungsnummer", "rechnungsnr", "belegnummer", "numerocommande", "pedido",
    "numeropedido", "factura", "ordine", "saleid",
)  # fmt: skip

STRANGERS = {  # words of a name that say that it is another thing
    "customer_id": {"city", "country", "zip", "type", "segment", "group", "phone", "address", "notes", "date", "age", "gender", "state", "since", "unit", "order", "orders", "count", "value"},
    "order_id": {"date", "total", "status", "amount", "value", "quantity", "qty", "time", "type", "currency", "source", "count", "price", "timestamp", "customer"},
    "order_date": {"birth", "birthday", "shipped", "ship", "delivered", "delivery", "due", "updated", "cancelled", "canceled", "modified", "fulfilled", "refund", "refunded", "join", "signup", "zone",
                   "estimated", "expiry", "returned", "approved", "limit", "registration", "timezone"},
    "revenue": {"tax", "taxes", "shipping", "discount", "cost", "balance", "compare", "fee", "fees", "tip", "vat", "mwst", "freight", "refund", "refunded", "steuer", "versand", "rabatt", "outstanding", "points",
                "customer", "id", "per", "prime", "cumulative", "margin", "name", "status", "currency", "type", "method", "reference", "date"},
}  # fmt: skip

GUESTS = {
    "guest", "guestcheckout", "guestcustomer", "guestuser", "guests", "0", "n/a", "na", "none", "null", "unknown", "anonymous", "anon", "walkin", "walkincustomer", "cash",
    "cashcustomer", "cashsale", "pos", "poscustomer", "notset", "(notset)", "undefined", "nocustomer", "retailcustomer", "defaultcustomer", "consumer", "gast", "gastkunde", "gastbestellung",
    "barverkauf", "laufkunde", "laufkundschaft", "unbekannt", "anonym", "invite", "invité", "clientcomptoir", "invitado", "anonimo", "anónimo", "ospite", "convidado", "publicogeneral", "-", "--", "?",
    "-1", "9999", "99999", "999999", "9999999", "00000", "000000",
}  # fmt: skip

KEPT = {  # values of a status whose rows count
    "completed", "complete", "completo", "completada", "completado", "paid", "processing", "shipped", "delivered", "succeeded", "success", "successful", "approved", "closed", "fulfilled", "invoiced", "captured",
    "partiallyrefunded", "partiallyshipped", "partiallypaid", "partiallyfulfilled", "sale", "salesorder", "locked", "sold", "done", "posted", "inpayment", "settled", "finished", "ok", "confirmed", "active", "accepted", "charged",
    "abgeschlossen", "bezahlt", "versendet", "versandt", "geliefert", "erledigt", "inbearbeitung", "payee", "payée", "payé", "livree", "livrée", "livré", "expediee", "expédiée", "terminee", "terminée", "pagado",
    "pagada", "enviado", "entregado", "pagato", "spedito", "consegnato", "betaald", "verzonden", "geleverd", "pickedup", "readyforpickup", "resolved", "y", "yes", "true", "1",
}  # fmt: skip
DROPPED = {  # values of a status whose rows do not
    "cancelled", "canceled", "cancel", "cancelada", "cancelado", "failed", "pending", "pendingpayment", "voided", "void", "expired", "draft", "onhold", "hold", "holded", "chargeback", "chargedback", "declined", "denied",
    "unpaid", "rejected", "abandoned", "checkoutdraft", "trash", "fraud", "suspectedfraud", "paymentreview", "refunded", "returned", "refund", "unavailable", "created", "incomplete", "open", "quotation", "quote", "sent",
    "requirespaymentmethod", "disputed", "disputelost", "lost", "uncaptured", "authorized", "reversed", "annulled", "storniert", "abgebrochen", "offen", "ausstehend", "erstattet", "retourniert", "fehlgeschlagen", "annulee", "annulée",
    "annulé", "enattente", "remboursee", "remboursée", "echouee", "échouée", "pendiente", "reembolsado", "fallido", "annullato", "inattesa", "rimborsato", "geannuleerd", "n", "no", "false",
}  # fmt: skip
REFUNDED = {"refunded", "returned", "refund", "erstattet", "remboursee", "remboursée", "reembolsado", "rimborsato"}


def plain(name: str) -> str:
    """Returns a name or a value as it is compared.

    >>> plain("Order-Date"), plain("wc-on-hold")
    ('orderdate', 'onhold')
    """
    return re.sub(r"[\s_-]+", "", key(name).removeprefix("wc_")) or name.strip()


def parts(name: str) -> list[str]:
    """Returns the words of a name.

    >>> parts("orderPurchase_date (UTC)")
    ['order', 'purchase', 'date', 'utc']
    """
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.findall(r"[^\W_]+", apart.casefold())


def likeness(name: str, names: tuple[str, ...]) -> float:
    """Returns how well a name says what the names say: 1 is the first of them, 0 none of them."""
    ours = plain(name)
    if ours in names:
        return 1 - names.index(ours) / (2 * len(names))
    pieces = parts(name)
    joined = {"".join(pieces[begin:end]) for begin in range(len(pieces)) for end in range(begin + 1, len(pieces) + 1)}
    places = [place for place, each in enumerate(names) if len(each) > 2 and each in joined]
    return 0.45 - min(places) / (4 * len(names)) if places else 0.0
