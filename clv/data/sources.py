"""Which files a history is read from: one file, a folder, a pattern, or several of these."""

import glob
import os

from clv.errors import Code, InputError

_BETWEEN = ";"  # several paths
_HIDDEN = (".", "_")  # what Spark and systems leave in folders
_FIX = "put your purchases there, or point data.path at a file, a folder, a pattern like sales-*.csv, or several with ; between"


def files_of(path: str) -> list[str]:
    """Returns the files that a path stands for, in the order of their names.

    A path that is a file is that file, whatever signs its name has. ~ is the home folder.

    Raises: InputError: a folder holds no file. A single file that is missing is the caller's to refuse.
    """
    whole = os.path.expanduser(path)
    if os.path.exists(whole) or _BETWEEN not in path:
        return _files_of_one(whole)
    return [
        name
        for part in path.split(_BETWEEN)
        if part.strip()
        for name in _files_of_one(os.path.expanduser(part.strip()))
    ]


def _files_of_one(path: str) -> list[str]:
    if os.path.isdir(path):
        names = [name for name in sorted(os.listdir(path)) if not name.startswith(_HIDDEN)]
        files = [os.path.join(path, name) for name in names if os.path.isfile(os.path.join(path, name))]
        if not files:
            raise InputError(Code.NO_FILE, what=f"{path!r} is a folder without files", fix=_FIX)
        return files
    if os.path.exists(path) or not glob.has_magic(path):
        return [path]
    return sorted(name for name in glob.glob(path, recursive=True) if os.path.isfile(name)) or [path]
