"""The sheets of a workbook of Excel or LibreOffice as rows of cells; cells that lost their values are named."""

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import python_calamine as calamine

from clv.data.cells import Cells, Row, batches
from clv.data.contract import Contract
from clv.data.layout import Layout, load_pieces
from clv.data.queries import row
from clv.data.staging import Staging
from clv.errors import Code, InputError

_BETWEEN = ";"  # several sheets
_BLOCK = 1 << 22  # bytes of a sheet's XML that are looked at once
_MOST = 0.01  # of the rows, above which cells without a value refuse the sheet
_WITHOUT_VALUE = re.compile(  # a formula whose value was not saved, or an error
    rb'<(?:\w+:)?c (?:[^>]*?\s)?r="([A-Z]+)(\d+)"(?:[^>]*\st="e"[^>]*>|[^>]*>\s*<(?:\w+:)?f\b[^>]*?(?:/>|>[^<]*</(?:\w+:)?f>)'
    rb"\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>)"
)
_SAVE = "open the workbook, let it calculate, and save it"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def load(file: Path, contract: Contract, path: str, staging: Staging) -> Iterator[tuple[str, Layout, Contract]]:
    """Puts the rows of each sheet that data.sheet names into `file_rows`, as text, one sheet after another.

    Args:    file: the copy to read.   path: as the file is called in messages.
    Returns: of each sheet, when `file_rows` holds it: its name in messages, the layout, and what of the contract is left to say.
    Raises:  InputError: the workbook cannot be read, it has several sheets and none is chosen, or cells lost their values.
    """
    with refusing_damage(path):
        workbook = calamine.CalamineWorkbook.from_path(str(file))
        names = _sheets(workbook, contract, path)
        for name in names:
            shown = path if len(names) == 1 else f"{path}[{name}]"
            yield shown, *_load(workbook.get_sheet_by_name(name), file, contract, shown, staging)


@contextmanager
def refusing_damage(path: str) -> Iterator[None]:
    """Raises: InputError: what reads a workbook within finds that it cannot be read. path: as it is called in messages."""
    try:
        yield
    except calamine.CalamineError as error:
        what = f"the workbook cannot be read: {str(error)[:200]}"
        fix = "save it again without a password as .xlsx, or export the sheet as CSV in UTF-8"
        raise InputError(Code.UNREADABLE_FILE, what=what, fix=fix, where=path) from error


def largest_sheet(file: Path, name: str | None, path: str) -> tuple[str, Iterator[Row]]:
    """Returns the name and the rows of a sheet.

    Args:   name: of the sheet; None: the one with the most rows.   path: as the file is called in messages.
    Raises: InputError: there is no sheet of cells.
    """
    workbook = calamine.CalamineWorkbook.from_path(str(file))
    names = [each.name for each in workbook.sheets_metadata if each.typ == calamine.SheetTypeEnum.WorkSheet]
    if not names:
        what, fix = "the workbook has no sheet of cells", "export the table as CSV, or save it in a sheet"
        raise InputError(Code.NO_SHEET, what=what, fix=fix, where=path)
    heights = {each: workbook.get_sheet_by_name(each).height for each in names}
    best = name if name in heights else max(heights, key=lambda each: heights[each])
    return best, iter(workbook.get_sheet_by_name(best).iter_rows())


def _sheets(workbook: calamine.CalamineWorkbook, contract: Contract, path: str) -> list[str]:
    """The sheets to read. Raises: InputError: there is no such sheet, or none is named and several hold something."""
    tables = [each.name for each in workbook.sheets_metadata if each.typ == calamine.SheetTypeEnum.WorkSheet]
    shown = ", ".join(map(repr, tables))
    if contract.sheet:
        whole = [contract.sheet] if contract.sheet in tables else contract.sheet.split(_BETWEEN)
        names = [name.strip() for name in whole]
        if missing := [name for name in names if name not in tables]:
            what = f"there is no sheet {missing[0]!r}; the sheets are: {shown}"
            raise InputError(Code.NO_SHEET, what=what, fix="data.sheet=NAME of these", where=path)
        return names
    filled = tables if len(tables) == 1 else [name for name in tables if workbook.get_sheet_by_name(name).height]
    if len(filled) != 1:
        what = f"the workbook has {len(filled)} sheets with something in them: {', '.join(map(repr, filled)) or shown}"
        fix = f"\"data.sheet='{(filled or tables or ['NAME'])[0]}'\" names one, or several with ; between"
        raise InputError(Code.NO_SHEET, what=what, fix=fix, where=path)
    return filled


def _load(
    sheet: calamine.CalamineSheet, file: Path, contract: Contract, path: str, staging: Staging
) -> tuple[Layout, Contract]:
    cells = Cells(contract)
    layout = load_pieces(cells, batches(sheet.iter_rows(), contract.skip_rows), contract, path, staging)
    if cells.has_gaps:
        (_, begin) = sheet.start or (0, 0)  # columns before the first with something in it are not given
        ours = {_letters(place + begin): name for name, place in cells.places.items()}
        _refuse_merged(sheet, ours, contract.skip_rows, path)
        _refuse_lost(file, sheet.name, ours, path, row(staging.connection, "SELECT COUNT(*) FROM file_rows")[0])
    return layout, cells.left_to_say(contract, path)


def _letters(place: int) -> str:
    """The letters of a column.

    >>> _letters(0), _letters(27)
    ('A', 'AB')
    """
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _refuse_merged(sheet: calamine.CalamineSheet, ours: dict[str, str], skip_rows: int, path: str) -> None:
    """Raises: InputError: cells of our columns are merged with others below them, so that only the first has a value."""
    areas = [
        (first, last)
        for first, last in sheet.merged_cell_ranges or []
        if first[0] > skip_rows
        and first != last
        and any(_letters(place) in ours for place in range(first[1], last[1] + 1))
    ]
    if areas:
        first, last = areas[0]
        shown = f"{_letters(first[1])}{first[0] + 1}:{_letters(last[1])}{last[0] + 1}"
        what = f"{len(areas)} times cells are merged, first {shown}: only the first of them has a value"
        fix = "unmerge them and fill every row, or export the table that the sheet was made from"
        raise InputError(Code.CELLS, what=what, fix=fix, where=path)


def _refuse_lost(file: Path, sheet: str, ours: dict[str, str], path: str, rows: int) -> None:
    """Raises: InputError: more than a few cells of our columns hold a formula without its value, or an error."""
    cells = [
        (ours[letters], f"{letters}{number}") for letters, number in _without_value(file, sheet) if letters in ours
    ]
    if len(cells) > _MOST * rows:
        column, first = cells[0]
        what = f"{len(cells)} cells hold an error, or a formula whose value was not saved, first {first}"
        raise InputError(Code.CELLS, what=what, fix=_SAVE, where=f"{path}, {column}")


def _without_value(file: Path, sheet: str) -> Iterator[tuple[str, int]]:
    """Column and row of the cells that hold a formula without a value, or an error; of .xlsx alone."""
    if not zipfile.is_zipfile(file):
        return
    with zipfile.ZipFile(file) as archive:
        member = _member(archive, sheet)
        if member not in archive.namelist():
            return
        rest = b""
        with archive.open(member) as stream:
            while block := stream.read(_BLOCK):
                whole, end, rest = (rest + block).rpartition(b"</row>")
                for match in _WITHOUT_VALUE.finditer(whole + end):
                    yield match[1].decode(), int(match[2])


def _member(archive: zipfile.ZipFile, sheet: str) -> str:
    """The file of a sheet in the archive; empty where the workbook is of another kind."""
    try:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    except (KeyError, ElementTree.ParseError):
        return ""
    ids = [each.get(_RELATION) for each in book.iter() if each.tag.endswith("}sheet") and each.get("name") == sheet]
    targets = {each.get("Id"): each.get("Target", "") for each in relations}
    target = targets.get(ids[0], "") if ids else ""
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
