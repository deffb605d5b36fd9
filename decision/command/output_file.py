"""A file that a command writes when its work is done, refused before that where it cannot be written."""

import os
from pathlib import Path
from typing import Any

import rich_click as click


class _OutputFile(click.Path):
    """A path whose folder exists and may be written to; nothing is written here."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        folder = path.parent
        if not folder.is_dir():
            self.fail(f"There is no folder {str(folder)!r}: make it first, or name another.", param, ctx)
        effective = os.access in os.supports_effective_ids
        if not path.exists() and not os.access(folder, os.W_OK | os.X_OK, effective_ids=effective):
            self.fail(f"Nothing may be written to folder {str(folder)!r}: name another.", param, ctx)
        return path


OUTPUT_FILE = _OutputFile(dir_okay=False, writable=True, path_type=Path)
