"""Files as the outside world writes them, from one small history, and what is true of each: right, quarantined, or refused."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd

Row = tuple[str, str, str]
NAMES = ("customer_id", "order_date", "revenue")


def good_rows(customers: int = 60, orders: int = 20) -> list[Row]:
    """Ids c000 to c059, days of 2010 and 2011, two decimals; every 13th row is a return, every 29th is worth nothing."""
    rows = []
    for number in range(customers * orders):
        day = date(2010, 1, 1) + timedelta(days=number * 37 % 700)
        amount = Decimal(number * 7919 % 9000 + 125) / 100
        amount = -amount if number % 13 == 5 else Decimal(0) if number % 29 == 7 else amount
        rows.append((f"c{number % customers:03d}", day.isoformat(), f"{amount:.2f}"))
    return rows


GOOD = good_rows()


def truth(rows: list[Row]) -> dict[str, tuple[Decimal, str]]:
    """Per customer: the net revenue and the last day, by a plain loop."""
    sums: dict[str, tuple[Decimal, str]] = {}
    for customer, day, amount in rows:
        net, last = sums.get(customer, (Decimal(0), ""))
        sums[customer] = (net + Decimal(amount), max(last, day[:10]))
    return sums


@dataclass(frozen=True)
class BadFile:
    """right: what is true of each customer in what is read.   lines: of the rejects.   code: of the refusal; then nothing is read."""

    name: str
    content: bytes
    right: dict | None = None
    lines: tuple[int, ...] = ()
    code: str | None = None
    settings: dict = field(default_factory=dict)


def table(rows: list[Row], sign: str = ",", end: str = "\n", header: tuple[str, ...] = NAMES) -> str:
    return end.join([sign.join(header), *(sign.join(row) for row in rows), ""])


def mapped(**change: Callable[[str], str]) -> list[Row]:
    """The good rows with columns changed."""
    return [tuple(change.get(name, str)(value) for name, value in zip(NAMES, row, strict=True)) for row in GOOD]


def day_as(form: str) -> Callable[[str], str]:
    return lambda text: date.fromisoformat(text).strftime(form)


def right(name: str, content: str | bytes, rows: list[Row] = GOOD, **settings) -> BadFile:
    content = content.encode() if isinstance(content, str) else content
    return BadFile(name, content, truth(rows), settings=settings)


def refused(name: str, code: str, content: str | bytes, **settings) -> BadFile:
    return BadFile(name, content.encode() if isinstance(content, str) else content, code=code, settings=settings)


def accepted() -> Iterator[BadFile]:
    """Strange, and clear."""
    plain, wide = table(GOOD), [(f"x{n}", *row, "a, b") for n, row in enumerate(GOOD)]
    yield right("plain", plain)
    yield right("BOM", b"\xef\xbb\xbf" + plain.encode())
    yield right("gzip", gzip.compress(plain.encode()))
    yield right("gzip of two members", gzip.compress(plain[:5000].encode()) + gzip.compress(plain[5000:].encode()))
    yield right("gzip of UTF-16", gzip.compress(plain.encode("utf-16")))
    yield right("UTF-16 little", plain.encode("utf-16"))
    yield right("UTF-16 big", b"\xfe\xff" + plain.encode("utf-16-be"))
    yield right("CRLF", table(GOOD, end="\r\n"))
    yield right("CR", table(GOOD, end="\r"))
    yield right("CRCRLF", table(GOOD, end="\r\r\n"))
    yield right("no last line end", plain[:-1])
    for name, sign in (("semicolon", ";"), ("tab", "\t"), ("pipe", "|")):
        yield right(name, table(GOOD, sign))
    yield right("sep line of Excel", "sep=;\r\n" + table(GOOD, ";", "\r\n"))
    yield right("header case and blanks", table(GOOD, header=("Customer ID", " ORDER-DATE ", '"Revenue"')))
    yield right("header with NBSP", table(GOOD, header=("\xa0customer_id", "order\xa0date", "revenue\xa0")))
    yield right("other order", table([(c, a, b) for a, b, c in GOOD], header=(NAMES[2], NAMES[0], NAMES[1])))
    text = "".join(f'{n},{a},"{b}",{c},"{note}"\n' for n, a, b, c, note in wide)
    yield right("extra columns, quoted", "n,customer_id,order_date,revenue,note\n" + text)
    text = "".join(f'{a},{b},{c},"first line\nsecond ""line"""\n' for a, b, c in GOOD)
    yield right("notes of two lines", "customer_id,order_date,revenue,note\n" + text)
    numbered = [f"{n},{','.join(row)}" for n, row in enumerate(GOOD)]
    yield right("index column of pandas", "\n".join([f",{','.join(NAMES)}", *numbered, ""]))
    yield right("row names of R", "\n".join([",".join(NAMES), *numbered, ""]))
    shuffled = "\n".join([",".join(NAMES), *(f'"{n * 7 % 1200}",{",".join(row)}' for n, row in enumerate(GOOD)), ""])
    yield right("row names of R, sorted", shuffled)
    yield right("trailing delimiter", plain.replace("\n", ",\n"))
    yield right("trailing delimiter in rows alone", plain.replace("\n", ",\n").replace("revenue,", "revenue", 1))
    yield right("trailing delimiter in the header alone", plain.replace("revenue\n", "revenue,\n"))
    yield right("blank lines", plain.replace("\n", "\n\n"))
    yield right("rows with nothing in them", plain.replace("\n", "\n,,\n , ,\n") + '"","",""\n')
    yield right("an end of DOS, tabs and form feeds", plain.replace("\n", "\n\t\n\f\n") + "\x1a")
    letter = '"Dear Sir,\nred, blue, green, and one\nbye"'
    noted = [f"{','.join(row)},{letter if n % 9 == 0 else 'x'}" for n, row in enumerate(GOOD)]
    yield right("a letter with commas", "\n".join(["customer_id,order_date,revenue,note", *noted, ""]))
    formulas = table(mapped(customer_id='="{}"'.format))
    yield right("ids as formulas", formulas)
    yield right("ids as quoted formulas", table(mapped(customer_id='"=""{}"""'.format)))
    yield right("all quoted", table([tuple(f'"{value}"' for value in row) for row in GOOD]))
    yield right("blanks around values", table([tuple(f"  {value} " for value in row) for row in GOOD]))
    yield right("blanks before quotes", table([tuple(f' "{value}"' for value in row) for row in GOOD]))
    yield right("ids with NBSP and zero width", table(mapped(customer_id=lambda text: f"\xa0{text}\u200b")))
    composed, apart = "Jos\xe9 {}", "Jose\u0301 {}"
    yield right("decomposed accents", table(mapped(customer_id=apart.format)), mapped(customer_id=composed.format))
    mixed = [(apart if n % 2 else composed, row) for n, row in enumerate(GOOD)]
    yield right(
        "accents of both kinds",
        table([(form.format(row[0]), *row[1:]) for form, row in mixed]),
        mapped(customer_id=composed.format),
    )
    persian = mapped(customer_id="\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 {}".format)
    yield right("joiners inside words", table(persian), persian)
    inner = mapped(customer_id=lambda text: f"Ann\xa0{text}")
    yield right("NBSP inside ids", table(inner), mapped(customer_id="Ann {}".format))
    cases = [(row[0].upper() if n % 3 else row[0], *row[1:]) for n, row in enumerate(GOOD)]
    yield right("ids that differ by case", table(cases), cases)
    zeros = mapped(customer_id=lambda text: f"0{text[1:]}" if int(text[1:]) % 2 else text[1:])
    yield right("ids with leading zeros", table(zeros), zeros)
    nothing = [("NA" if row[0] == "c001" else row[0], *row[1:]) for row in GOOD]
    yield right("a customer called NA", table(nothing), nothing)
    yield right("duplicates", table(GOOD + GOOD[:300]), GOOD + GOOD[:300])
    big = [*GOOD, ("c000", "2011-01-01", "9999999.99")]
    yield right("an outlier", table(big), big)
    yield right("a time behind a T", table(mapped(order_date=lambda text: f"{text}T23:59:59")))
    yield right("a time behind a blank", table(mapped(order_date=lambda text: f"{text} 00:00:00.000")))
    yield right("UTC", table(mapped(order_date=lambda text: f"{text}T23:30:00Z")))
    yield right("one offset, the day as written", table(mapped(order_date=lambda text: f"{text} 00:30:00+02:00")))
    late = [f"{text}T23:30:00Z" if n % 2 else f"{text}T23:30:00+00:00" for n, (_, text, _) in enumerate(GOOD)]
    next_day = mapped(order_date=lambda text: (date.fromisoformat(text) + timedelta(days=1)).isoformat())
    moved = [(row[0], text, row[2]) for row, text in zip(GOOD, late, strict=True)]
    yield right("a zone moves the day", table(moved), next_day, timezone="Europe/Berlin")
    both = [(row[0], f"{row[1]}T12:00:00{'+02:00' if n % 2 else '-0500'}", row[2]) for n, row in enumerate(GOOD)]
    yield right("two offsets and a zone", table(both), timezone="Europe/Berlin")
    for form in ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%Y%m%d"):
        yield right(f"dates as {form}", table(mapped(order_date=day_as(form))), date_format=form)
    comma = table(mapped(revenue=lambda text: text.replace(".", ",")), ";")
    yield right("decimal comma", comma, decimal=",")
    euro = table(mapped(revenue=lambda text: f"{float(text) * 100:,.2f}".translate(str.maketrans(",.", ".,"))), ";")
    hundred = mapped(revenue=lambda text: f"{Decimal(text) * 100:.2f}")
    yield right("points and a decimal comma", euro, hundred, decimal=",", thousands=".")
    for name, sign in (("blanks", " "), ("narrow NBSP", "\u202f"), ("apostrophes", "'")):
        apart = table(mapped(revenue=lambda text, sign=sign: f"{float(text) * 100:,.2f}".replace(",", sign)), ";")
        yield right(f"thousands by {name}", apart, hundred, thousands="'" if sign == "'" else " ")
    thousands = [(a, b, f"{n % 900 + 1}.{n % 1000:03d}") for n, (a, b, _) in enumerate(GOOD)]
    yield right(
        "1.234 is a thousand", table(thousands), [(a, b, c.replace(".", "")) for a, b, c in thousands], thousands="."
    )
    yield right("1.234 is no thousand", table(thousands), thousands, decimal=".")
    yield right("dollars", table(mapped(revenue="${}".format)))
    yield right(
        "dollars behind the minus",
        table(mapped(revenue=lambda text: f"-${text[1:]}" if text[0] == "-" else f"${text}")),
    )
    yield right("revenue in EUR", table(mapped(revenue="{} EUR".format)))
    yield right("crowns", table(mapped(revenue="{} kr.".format)))
    behind, around = (lambda text: f"{text[1:]}-"), (lambda text: f"({text[1:]})")
    for name, style in (("trailing_minus", behind), ("parentheses", around)):
        amounts = mapped(revenue=lambda text, style=style: style(text) if text[0] == "-" else text)
        yield right(f"negative by {name}", table(amounts), negative_style=name)
    yield right(
        "ids 123.0",
        table(mapped(customer_id=lambda text: f"{int(text[1:])}.0")),
        mapped(customer_id=lambda text: str(int(text[1:]))),
    )
    lines = "".join(json.dumps(dict(zip(NAMES, row, strict=True))) + "\n" for row in GOOD)
    yield right("JSON lines", lines)
    yield right("JSON lines with numbers", lines.replace('"revenue": "', '"revenue": ').replace('"}', "}"))
    yield right("zip of one", zipped("a.csv"))
    yield right("zip of a Mac", zipped("sales/a.csv", "__MACOSX/sales/._a.csv"))
    yield right(
        "Latin-1 by its name",
        table(mapped(customer_id="Jos\xe9 {}".format)).encode("latin-1"),
        mapped(customer_id="Jos\xe9 {}".format),
        encoding="latin-1",
    )
    yield right("another delimiter", table(GOOD, "~"), delimiter="~")
    yield right("a title", "Sales of 2011\n\n" + plain, skip_rows=2)
    fixed = "".join(f"{a:6}{b:>12}{c:>9}\n" for a, b, c in GOOD)
    yield right(
        "fixed width",
        f"{NAMES[0][:6]:6}{NAMES[1]:>12}{NAMES[2]:>9}\n" + fixed,
        widths=(6, 12, 9),
        columns=dict(zip(NAMES, ("custom", *NAMES[1:]), strict=True)),
    )
    yield right("fixed width without a header", fixed, widths=(6, 12, 9), columns=dict(zip(NAMES, "123", strict=True)))
    yield right(
        "no header, and columns by number", plain.split("\n", 1)[1], columns=dict(zip(NAMES, "123", strict=True))
    )
    epoch, serial = (
        (lambda text: (date.fromisoformat(text) - date(1970, 1, 1)).days),
        (lambda text: (date.fromisoformat(text) - date(1899, 12, 30)).days),
    )
    yield right(
        "Unix seconds", table(mapped(order_date=lambda text: f"{epoch(text) * 86400 + 3600}")), date_format="unix"
    )
    yield right(
        "Unix milliseconds",
        table(mapped(order_date=lambda text: f"{epoch(text) * 86400000 + 1}")),
        date_format="unix_ms",
    )
    yield right(
        "day numbers of Excel", table(mapped(order_date=lambda text: f"{serial(text)}.75")), date_format="excel"
    )
    both = [(a, day_as("%m/%d/%Y" if n % 2 else "%d.%m.%y")(b), c) for n, (a, b, c) in enumerate(GOOD)]
    yield right("dates in two formats", table(both), date_format="%m/%d/%Y|%d.%m.%y")
    yield right("another minus", table(mapped(revenue=lambda text: text.replace("-", "\u2212"))))
    yield right("exponents", table(mapped(revenue=lambda text: f"{float(text):.4e}")))


def parquet(frame: pd.DataFrame, **options) -> bytes:
    stream = io.BytesIO()
    frame.to_parquet(stream, **options)
    return stream.getvalue()


def of_parquet() -> Iterator[BadFile]:
    frame = pd.DataFrame(GOOD, columns=NAMES)
    stamps, amounts = pd.to_datetime(frame["order_date"]), frame["revenue"].astype(float)
    yield right("Parquet of texts", parquet(frame))
    yield right("Parquet with decimals", parquet(frame.assign(revenue=frame["revenue"].map(Decimal))))
    yield right("Parquet with date32", parquet(frame.assign(order_date=stamps.dt.date, revenue=amounts)))
    yield right("Parquet with time stamps", parquet(frame.assign(order_date=stamps + pd.Timedelta("23h"))))
    zoned = (stamps + pd.Timedelta("30min")).dt.tz_localize("Europe/Berlin")
    yield right("Parquet with a zone", parquet(frame.assign(order_date=zoned)))
    offset = (stamps + pd.Timedelta("30min")).dt.tz_localize("+02:00")
    yield right("Parquet with an offset", parquet(frame.assign(order_date=offset)))
    whole = mapped(customer_id=lambda text: str(int(text[1:]) + 10**12))
    yield right("Parquet with whole ids", parquet(frame.assign(customer_id=[int(row[0]) for row in whole])), whole)
    other = frame.rename(columns={"customer_id": "Customer ID"})
    yield right("Parquet with other names", parquet(other))
    floats = frame.assign(customer_id=frame["customer_id"].str[1:].astype(float))
    yield right("Parquet with float ids", parquet(floats), mapped(customer_id=lambda text: str(int(text[1:]))))
    yield refused(
        "Parquet with float ids and fractions",
        "FLOAT_IDS",
        parquet(floats.assign(customer_id=floats["customer_id"] + 0.5)),
    )
    yield refused("Parquet with epochs", "DATE_FORMAT", parquet(frame.assign(order_date=stamps.astype("int64"))))
    yield refused("Parquet with flags", "COLUMN_TYPE", parquet(frame.assign(revenue=amounts > 0)))
    yield refused("Parquet without a column", "MISSING_COLUMN", parquet(frame.drop(columns="revenue")))
    amount = frame["revenue"].astype(float)
    twins = frame.drop(columns="revenue").assign(amount=0.0, Amount=1.0, amount_1=2.0, revenue=amount)
    yield right("Parquet with names that differ by case", parquet(twins[["amount", "Amount", "amount_1", *NAMES]]))
    yield right("Parquet with a column file_row_number", parquet(frame.assign(file_row_number=1)))
    checked = parquet(frame, write_page_checksum=True, use_dictionary=False, compression=None)
    at = checked.index(b"c017")
    yield refused("Parquet with a changed byte", "DAMAGED_PARQUET", checked[:at] + b"d" + checked[at + 1 :])
    yield refused("Parquet cut short", "DAMAGED_PARQUET", parquet(frame)[:-100])
    yield refused("Parquet of its mark alone", "DAMAGED_PARQUET", b"PAR1")
    lost = frame.assign(revenue=amounts.where(frame.index != 5), order_date=stamps.where(frame.index != 7))
    kept = [row for n, row in enumerate(GOOD) if n not in (5, 7)]
    yield BadFile("Parquet with nulls", parquet(lost), truth(kept), (6, 8))
    endless = frame.assign(revenue=np.where(frame.index == 9, np.inf, amounts))
    yield BadFile(
        "Parquet with an infinity", parquet(endless), truth([row for n, row in enumerate(GOOD) if n != 9]), (10,)
    )


def quarantined() -> Iterator[BadFile]:
    """One bad row, behind row 400: on line 402."""
    bad = {
        "missing id": (",2011-01-01,5.00", "blank id;  ,2011-01-01,5.00"),
        "control character": ("c0\x0701,2011-01-01,5.00", '"c0\n01",2011-01-01,5.00', "c0\x8501,2011-01-01,5.00"),
        "unseen sign": ("c0\u200b01,2011-01-01,5.00",),
        "damaged sign": ("c0\ufffd01,2011-01-01,5.00",),
        "date": ("c001,,5.00", "c001,2011-02-30,5.00", "c001,May,5.00", "c001,2011-01-01T25:00:00,5.00", "c001,05/01/2011,5.00"),
        "far day": ("c001,2999-01-01,5.00", "c001,9999-12-31,5.00", "c001,1899-12-30,5.00", "c001,0011-05-01,5.00"),
        "revenue": ("c001,2011-01-01,", "c001,2011-01-01,ten", "c001,2011-01-01,NaN", "c001,2011-01-01,-inf", "c001,2011-01-01,12."),
        "size": ("c001,2011-01-01,1e10", "c001,2011-01-01,-9999999999999999999999", "c001,2011-01-01,1e400"),
        "sign": ("c001,2011-01-01,$5.00", 'c001,2011-01-01,"5,00"', "c001,2011-01-01,(5.00)", "c001,2011-01-01,5%", "c001,2011-01-01,1_0"),
        "header": ("customer_id,order_date,revenue", '"Customer ID",order_date,REVENUE'),
        "swapped": ("2011-01-01,c001,5.00", "c001,5.00,2011-01-01", "5.00,2011-01-01,001"),
    }  # fmt: skip
    for name, lines in bad.items():
        for line in lines:
            text = line.removeprefix("blank id;")
            content = table(GOOD[:400]) + text + "\n" + table(GOOD[400:]).split("\n", 1)[1]
            yield BadFile(f"{name}: {text!r}", content.encode(), truth(GOOD), (402,))
    both = [(row[0], f"{row[1]}T12:00:00{'+02:00' if n % 2 else 'Z'}", row[2]) for n, row in enumerate(GOOD)]
    for text in ("soon +02:00", "2011-02-30T12:00:00Z", "2011-01-01T12:00:00+15:00"):
        content = table([*both, ("c001", text, "5.00")])
        settings = {"timezone": "Europe/Berlin"}
        yield BadFile(f"{text!r} and a zone", content.encode(), truth(GOOD), (1202,), settings=settings)
    cut = table(GOOD)[:-2]
    yield BadFile("a last line cut short", cut.encode(), truth(GOOD[:-1]), (1201,))
    footer = table(GOOD) + "Total,,5.00\n"
    yield refused("a footer with the total", "TOO_MANY_REJECTS", footer.replace("5.00\n", "55000.00\n"))
    joined = table(GOOD[:600]) + table(GOOD[600:])
    yield BadFile("two files joined", joined.encode(), truth(GOOD), (602,))


def zipped(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, table(GOOD))
    return stream.getvalue()


def tarred() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo("sales.csv")
        member.size = len(table(GOOD))
        archive.addfile(member, io.BytesIO(table(GOOD).encode()))
    return stream.getvalue()


def of_other_kinds() -> Iterator[BadFile]:
    plain = table(GOOD).encode()
    others = {
        "zip of two": zipped("a.csv", "b.csv"), "tar": tarred(), "bzip2": bz2.compress(plain), "xz": lzma.compress(plain),
        "tar in gzip": gzip.compress(tarred()), "gzip in gzip": gzip.compress(gzip.compress(plain)), "PDF": b"%PDF-1.7 ...",
        "HTML": b"<!DOCTYPE html><html><body>log in</body></html>", "JSON": b'[{"customer_id": "a", "order_date": "2011-01-01"}]\n',
        "one long line": b"x" * 9_000_000,
    }  # fmt: skip
    for name, content in others.items():
        yield refused(name, "NOT_A_TABLE", content)
    yield refused("empty", "EMPTY", b"")
    yield refused("a line end", "EMPTY", b"\n")
    yield refused("a header alone", "NO_ROWS", table([]))
    yield refused("gzip cut short", "DAMAGED_GZIP", gzip.compress(plain)[:-200])
    yield refused(
        "gzip with a flipped bit", "DAMAGED_GZIP", gzip.compress(plain)[:-6] + b"\0" + gzip.compress(plain)[-5:]
    )
    yield refused("garbage behind gzip", "DAMAGED_GZIP", gzip.compress(plain) + b"garbage")
    latin = table(mapped(customer_id=lambda text: f"Jos\xe9 {text}"))
    yield refused("Latin-1", "WRONG_ENCODING", latin.encode("latin-1"))
    yield refused("UTF-16 without a mark", "NUL_BYTE", plain.decode().encode("utf-16-le"))
    yield refused("a NUL byte", "NUL_BYTE", plain[:9000] + b"\0" + plain[9000:])


def of_other_layouts() -> Iterator[BadFile]:
    plain = table(GOOD)
    yield refused("a missing column", "MISSING_COLUMN", table(GOOD, header=("customer_id", "date", "revenue")))
    yield refused("a doubled column", "DOUBLED_COLUMN", plain.replace("\n", ",1\n").replace("e,1", "e,Revenue", 1))
    yield refused("no header", "NO_HEADER", plain.split("\n", 1)[1])
    yield refused("a title above the header", "MISSING_COLUMN", "Sales of 2011\n" + plain)
    rows = plain.split("\n")
    yield refused("a row too long", "RAGGED_ROW", "\n".join([*rows[:500], rows[500] + ",1", *rows[501:]]))
    yield refused("a row too short", "RAGGED_ROW", "\n".join([*rows[:500], "c001,2011-01-01", *rows[501:]]))
    yield refused("trailing delimiters on some", "RAGGED_ROW", plain.replace("1\n", "1,\n"))
    comma = table(mapped(revenue=lambda text: text.replace(".", ",")))
    yield refused("decimal commas without quotes", "RAGGED_ROW", comma)
    cut = [(a, b, "12", "50", "") for a, b, _ in GOOD]
    for name, header in (("an empty column", (*NAMES, "coupon")), ("nameless columns", (*NAMES, "", ""))):
        yield refused(f"decimal commas before {name}", "AMBIGUOUS_REVENUE", table(cut, header=header))
    orders = [(f"{n * 3 + 1000}", c.split(".")[0], "50", a, b) for n, (a, b, c) in enumerate(GOOD)]
    numbered = ("order_no", "revenue", "customer_id", "order_date")
    yield refused("decimal commas behind order numbers", "RAGGED_ROW", table(orders, header=numbered))
    orders = [(f"{n + 1}", *row[1:]) for n, row in enumerate(orders)]
    yield refused("decimal commas behind numbers from 1 on", "AMBIGUOUS_REVENUE", table(orders, header=numbered))
    first = table([(c.replace(".", ","), a, b) for a, b, c in GOOD], header=(NAMES[2], NAMES[0], NAMES[1]))
    yield refused("decimal commas in front", "RAGGED_ROW", first)
    yield refused("an open quote", "OPEN_QUOTE", plain.replace("c010", '"c010', 1))
    yield refused("quotes before the header", "OPEN_QUOTE", '""' + plain)
    yield refused("a quote inside a value", "OPEN_QUOTE", plain.replace("c010", 'c0"1"0', 1))
    note = plain.replace("\n", ",\n").replace("e,\n", "e,note\n", 1)
    at, to = note.index("\n", 5000), note.index("\n", 9000)
    swallowing = note[:at] + '"oops' + note[at:to] + 'end"' + note[to:]
    yield refused("a quote that swallows rows", "OPEN_QUOTE", swallowing)
    notes = [f"{','.join(row)},x" for row in GOOD]
    for name, header, lines in (
        ("behind", "customer_id,order_date,revenue,note", ('c001,2011-05-01,5,"promo', 'c002,2011-05-02,6,size 5"')),
        ("before", "note,customer_id,order_date,revenue", ('"promo,c001,2011-05-01,5', 'size 5",c002,2011-05-02,6')),
    ):
        rows = [f"x,{','.join(row)}" for row in GOOD] if name == "before" else notes
        yield refused(f"a quote that swallows one row, {name}", "OPEN_QUOTE", "\n".join([header, *rows, *lines, ""]))
    turned = table([(c, b, a) for a, b, c in GOOD], header=NAMES[::-1])
    yield refused("joined with another order", "MIXED_HEADERS", plain + turned)


def of_other_values() -> Iterator[BadFile]:
    for form in ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d", "%d/%m/%y", "%d %b %Y", "%Y/%m/%d", "%Y-%d-%m"):
        yield refused(f"dates like {form}", "DATE_FORMAT", table(mapped(order_date=day_as(form))))
    early = [(a, day_as("%d/%m/%Y")(f"{b[:8]}0{b[-1]}".replace("-00", "-05")), c) for a, b, c in GOOD]
    yield refused("days up to 12 alone", "DATE_FORMAT", table(early))
    half = [(a, day_as("%d/%m/%Y")(b) if n % 3 else b, c) for n, (a, b, c) in enumerate(GOOD)]
    yield refused("dates of two kinds", "DATE_FORMAT", table(half))
    epoch = mapped(order_date=lambda text: str((date.fromisoformat(text) - date(1970, 1, 1)).days * 86400))
    yield refused("epoch seconds", "DATE_FORMAT", table(epoch))
    serial = mapped(order_date=lambda text: str((date.fromisoformat(text) - date(1899, 12, 30)).days))
    yield refused("serials of Excel", "DATE_FORMAT", table(serial))
    mixed = [(a, f"{b}T12:00:00{'+02:00' if n % 2 else '+01:00'}", c) for n, (a, b, c) in enumerate(GOOD)]
    yield refused("two offsets", "MIXED_OFFSETS", table(mixed))
    some = [(a, f"{b}T12:00:00{'Z' if n % 9 else ''}", c) for n, (a, b, c) in enumerate(GOOD)]
    yield refused("an offset for some", "MIXED_OFFSETS", table(some))
    amounts = {
        "DECIMAL_COMMA": lambda text: text.replace(".", ","), "THOUSANDS": lambda text: f"{float(text) * 1000:,.2f}",
        "PERCENT": "{}%".format, "MINUS_STYLE": lambda text: f"({text.strip('-')})",
    }  # fmt: skip
    for code, change in amounts.items():
        yield refused(f"revenue in another style: {code}", code, table(mapped(revenue=change), ";"))
    yield refused("points where commas are said", "DECIMAL_POINT", table(GOOD), decimal=",")
    both = [(a, b, f"{c} EUR" if n % 2 else f"$ {c}") for n, (a, b, c) in enumerate(GOOD)]
    yield refused("revenue in two currencies", "CURRENCY", table(both))
    either = [(a, b, f"{n % 900 + 1}.{n % 1000:03d}") for n, (a, b, _) in enumerate(GOOD)]
    yield refused("1.234 throughout", "AMBIGUOUS_REVENUE", table(either))
    some = [(a, b, "0.50" if n == 7 else c) for n, (a, b, c) in enumerate(either)]
    yield refused("1.234 nearly throughout", "AMBIGUOUS_REVENUE", table(some))
    yield refused("ids 123,0", "FLOAT_IDS", table(mapped(customer_id=lambda text: f"{int(text[1:])},0"), ";"))
    yield refused("ids of Spark", "FLOAT_IDS", table(mapped(customer_id=lambda text: f"1.100{text[1:]}E8")))
    some = [(f"{int(a[1:])}.0" if n else "guest", b, c) for n, (a, b, c) in enumerate(GOOD)]
    yield refused("ids 123.0 beside words", "FLOAT_IDS", table(some))
    yield refused("ids beyond 2^53", "FLOAT_IDS", table(mapped(customer_id=lambda text: f"9007199254741{text[1:]}.0")))
    yield refused("ids 123.00", "FLOAT_IDS", table(mapped(customer_id=lambda text: f"{int(text[1:])}.00")))
    yield refused("ids of Excel", "FLOAT_IDS", table([("1.23457E+11", *GOOD[0][1:]), *GOOD]))
    yield refused("too many bad rows", "TOO_MANY_REJECTS", table(GOOD + [("", "2011-01-01", "1.00")] * 30))
    yield refused("a customer lost", "TOO_MANY_REJECTS", table([*GOOD, ("new", "soon", "0.01")]))
    yield refused("much revenue lost", "TOO_MANY_REJECTS", table([*GOOD, ("c001", "2999-01-01", "9000.00")]))
    future = [(a, b.replace("201", "299"), c) for a, b, c in GOOD]
    yield refused("all in the future", "TOO_MANY_REJECTS", table(future))


def all_files() -> list[BadFile]:
    makers = (accepted, of_parquet, quarantined, of_other_kinds, of_other_layouts, of_other_values)
    files = [file for maker in makers for file in maker()]
    assert len({file.name for file in files}) == len(files)
    return files


assert unicodedata.is_normalized("NFC", "Jos\xe9")
