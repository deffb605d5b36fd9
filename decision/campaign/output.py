"""Where a campaign's result goes: one Parquet file, or a folder of Hive partitions."""

import os
import shutil
from pathlib import Path

import pyarrow.parquet as pq

from decision.campaign.campaign import Campaign
from decision.campaign.folder import CampaignFolder, move_durably

FILE = ".parquet"
"""Whatever ends so is one file."""


def summary_path(campaign: Campaign) -> Path:
    """Where the figures lie: beside the file, or in the folder under a name that readers of partitions pass over."""
    out = Path(campaign.out)
    name = f"_{campaign.order.campaign}.summary.json"
    return out.with_suffix(".summary.json") if out.suffix == FILE else out / name


def write_output(campaign: Campaign, folder: CampaignFolder) -> None:
    """Write the rows of all parts, in the order of the audience.

    A name that ends in `.parquet` becomes one file. Any other is a folder, where the parts lie as files in
    `placement=P/campaign=ID/`, so that several campaigns are read as one table, each on its own, and by many at once.
    """
    out = Path(campaign.out)
    if out.suffix == FILE:
        out.parent.mkdir(parents=True, exist_ok=True)
        _join(folder, out)
        return
    inner = out / f"placement={campaign.order.placement}" / f"campaign={campaign.order.campaign}"
    inner.mkdir(parents=True, exist_ok=True)
    for part in folder.parts():
        unfinished = inner / f".unfinished-{part.name}"
        shutil.copyfile(part, unfinished)
        with open(unfinished, "rb") as file:
            os.fsync(file.fileno())
        move_durably(unfinished, inner / part.name)


def _join(folder: CampaignFolder, out: Path) -> None:
    unfinished = out.with_name(f".unfinished-{out.name}")
    parts = folder.parts()
    schema = pq.read_schema(parts[0]).remove_metadata()
    with open(unfinished, "wb") as file:
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for part in parts:
                writer.write_table(pq.read_table(part, partitioning=None).replace_schema_metadata(None))
        file.flush()
        os.fsync(file.fileno())
    move_durably(unfinished, out)
