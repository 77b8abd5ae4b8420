"""Which files a history is read from: one file, a folder, a pattern, or several of these."""

import fnmatch
import glob
import os
from urllib.parse import unquote

from clv.data import remote
from clv.data.database import is_address
from clv.errors import Code, InputError

_BETWEEN = ";"  # several paths
_HIDDEN = (".", "_")  # what Spark and systems leave in folders
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_FIX = "put your purchases there, or point data.path at a file, a folder, a pattern like sales-*.csv, or several with ; between"


def files_of(path: str) -> list[str]:
    """Returns the files that a path stands for, in the order of their names.

    A path that is a file is that file, whatever signs its name has. ~ is the home folder.

    Raises: InputError: a folder holds no file, or the path names none. A single file that is missing is the caller's to refuse.
    """
    if is_address(path):
        return [path]
    whole = os.path.expanduser(path)
    if os.path.exists(whole) or _BETWEEN not in path:
        return _files_of_one(whole)
    parts = [part.strip() for part in path.split(_BETWEEN) if part.strip()]
    if not parts:
        raise InputError(Code.NO_FILE, what=f"data.path={path!r} names no file", fix=_FIX)
    return [name for part in parts for name in _files_of_one(os.path.expanduser(part))]


def partition(path: str) -> dict[str, str]:
    """Returns the columns that the folders of a file are named for, as Hive and Spark do it.

    >>> partition("sales/country=DE/year=2024/part-0.parquet")
    {'country': 'DE', 'year': '2024'}
    """
    pairs = [folder.split("=", 1) for folder in path.split("/")[:-1] if "=" in folder]
    return {name: "" if value == _NO_VALUE else unquote(value) for name, value in pairs}


def _files_of_one(path: str) -> list[str]:
    if remote.is_bucket(path):
        return _files_of_bucket(path)
    if remote.is_remote(path):
        return [path]
    if os.path.isdir(path):
        files = _files_below(path)
        if not files:
            raise InputError(Code.NO_FILE, what=f"{path!r} is a folder without files", fix=_FIX)
        return files
    if os.path.exists(path) or not glob.has_magic(path):
        return [path]
    return sorted(name for name in glob.glob(path, recursive=True) if os.path.isfile(name)) or [path]


def _files_below(path: str) -> list[str]:
    """The files of a folder, and of the folders in it that are named for a value, like year=2024."""
    names = [name for name in sorted(os.listdir(path)) if not name.startswith(_HIDDEN)]
    files = []
    for name in names:
        whole = os.path.join(path, name)
        if os.path.isfile(whole):
            files.append(whole)
        elif "=" in name and os.path.isdir(whole):
            files += _files_below(whole)
    return files


def _files_of_bucket(path: str) -> list[str]:
    """The same of an address in a bucket: a file, a folder or a pattern."""
    folder, is_pattern = path, glob.has_magic(path)
    while glob.has_magic(folder):
        folder = folder.rpartition("/")[0]
    files = remote.listed(folder)
    if is_pattern:
        files = [name for name in files if fnmatch.fnmatchcase(name, path)]
    elif files != [path]:
        folders = {name: name[len(path.rstrip("/")) + 1 :].split("/") for name in files}
        files = [
            name
            for name, (*inner, last) in folders.items()
            if not last.startswith(_HIDDEN) and all("=" in part and not part.startswith(_HIDDEN) for part in inner)
        ]
    if not files:
        raise InputError(Code.NO_FILE, what=f"{path!r} has no files", fix=_FIX)
    return files
