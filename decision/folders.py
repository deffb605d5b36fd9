"""The folders a service works in: the data folder, and the private ones of a machine that need not outlive it."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from rules.errors import Unavailable


@contextmanager
def data_folder(folder: Path) -> Iterator[None]:
    """Make the data folder and work in it; whatever the system refuses in the block is raised as `Unavailable`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise Unavailable(
            f"The data folder {str(folder)!r} cannot be used: {error}. "
            "Set CONCIERGE_DATA to a folder in which this user may write."
        ) from error


def machine_folder(data: Path, purpose: str) -> Path:
    """The one folder in the machine's temporary folder that serves a purpose of a data folder; made when it is missing.

    Its name says whose it is, so what a killed process left there is found again instead of piling up. Raises
    `Unavailable` when somebody else has it: anybody may write in the temporary folder.
    """
    digest = blake2b(os.fsencode(data.resolve()), digest_size=8).hexdigest()
    folder = Path(tempfile.gettempdir(), f"concierge-{os.getuid()}-{digest}-{purpose}")
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise Unavailable(f"{folder} is not a folder of this user alone; remove it, or set TMPDIR to another folder.")
    return folder
