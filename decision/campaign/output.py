"""Where a campaign's result goes: one Parquet file, or a folder of Hive partitions."""

import os
import shutil
from pathlib import Path
from tempfile import NamedTemporaryFile

import msgspec
import pyarrow.parquet as pq

from decision.campaign.campaign import Campaign, CampaignId, Order
from decision.campaign.folder import CampaignFolder, move_durably, write_durably
from rules.errors import Conflict, Fault, Invalid
from rules.ids import Instant

FILE = ".parquet"
"""Whatever ends so is one file."""

_OWNER = b"campaign"
_OWNER_FILE = "_campaign.json"


class Owner(msgspec.Struct, frozen=True):
    """Whose an output is: the campaign, its moment, and whether it is of a dry run."""

    campaign: CampaignId
    moment: Instant
    dry_run: bool


def target(out: Path, order: Order) -> Path:
    """What is written at `out`: the file itself, or the campaign's partition in that folder.

    A name that ends in `.parquet` becomes one file. Any other is a folder, where the parts lie as files in
    `placement=P/campaign=ID/`, so that several campaigns are read as one table, each on its own, and by many at once.
    """
    return out if out.suffix == FILE else out / f"placement={order.placement}" / f"campaign={order.campaign}"


def summary_path(out: Path, order: Order) -> Path:
    """Where the figures lie: beside the file, or in the folder under a name that readers of partitions pass over."""
    return out.with_suffix(".summary.json") if out.suffix == FILE else out / f"_{order.campaign}.summary.json"


def check_name(out: Path) -> None:
    """Raises `Invalid` for a name that looks like another kind of file."""
    if out.suffix not in {"", FILE} and not out.is_dir():
        said = f"{out} ends in {out.suffix}; only Parquet is written: give a name that ends in {FILE}, or of a folder"
        raise Invalid((Fault("--out", said),))


def check_place(out: Path, order: Order) -> None:
    """Raises `Invalid` where nothing can be written, `Conflict` where another's result lies; leaves no trace."""
    check_free(out, order)
    folder = target(out, order).parent
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        if out.suffix == FILE and out.is_dir():
            raise IsADirectoryError(f"{out} is a folder")
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with NamedTemporaryFile(dir=folder, prefix=".unfinished-") as file:
                file.write(b"probe")
        finally:
            for path in missing:
                path.rmdir()
    except OSError as error:
        raise Invalid((Fault("--out", f"{out} cannot be written ({error}); nobody was decided"),)) from error


def check_free(out: Path, order: Order) -> None:
    """Raises `Conflict` where another's result lies, or a dry run's."""
    place = target(out, order)
    if place.exists() and not _is_own(place, order):
        raise Conflict(f"{place} exists already, and is not this campaign's; remove it, or name another --out.")


def has_output(out: Path, order: Order) -> bool:
    """Whether the campaign's whole result lies there."""
    return _is_own(target(out, order), order)


def write_output(out: Path, campaign: Campaign, folder: CampaignFolder) -> None:
    """Write the rows of all parts, in the order of the audience, as a whole or not at all.

    What is there already and is the campaign's own stays as it is; raises `Conflict` when it is another's.
    """
    place = target(out, campaign.order)
    check_free(out, campaign.order)
    if place.exists():
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = place.with_name(f".unfinished-{place.name}")
    if out.suffix == FILE:
        _join(folder, unfinished, campaign.order)
    else:
        _copy(folder, unfinished, campaign.order)
    move_durably(unfinished, place)


def _owner(order: Order) -> bytes:
    return msgspec.json.encode(Owner(order.campaign, order.moment, order.dry_run))


def _is_own(place: Path, order: Order) -> bool:
    # A dry run has nobody decided whom a second one would have to agree with: it never has an output already.
    if order.dry_run:
        return False
    try:
        if place.suffix == FILE:
            return (pq.read_schema(place).metadata or {}).get(_OWNER) == _owner(order)
        return (place / _OWNER_FILE).read_bytes() == _owner(order)
    except (OSError, ValueError):
        return False


def _copy(folder: CampaignFolder, unfinished: Path, order: Order) -> None:
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for part in folder.parts():
        shutil.copyfile(part, unfinished / part.name)
        with open(unfinished / part.name, "rb") as file:
            os.fsync(file.fileno())
    write_durably(unfinished / _OWNER_FILE, _owner(order))


def _join(folder: CampaignFolder, unfinished: Path, order: Order) -> None:
    parts = folder.parts()
    schema = pq.read_schema(parts[0]).with_metadata({_OWNER: _owner(order)})
    with open(unfinished, "wb") as file:
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for part in parts:
                writer.write_table(pq.read_table(part, partitioning=None).replace_schema_metadata(schema.metadata))
        file.flush()
        os.fsync(file.fileno())
