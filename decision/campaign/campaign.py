"""What a campaign is: fixed when it begins, so that whoever goes on with it decides the same."""

import re
from typing import NewType

import msgspec

from rules.ids import CatalogueVersion, GoalId, Instant, ModelVersion, PlacementId

CampaignId = NewType("CampaignId", str)

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""Ids are also names of folders: lower-case letters, digits and hyphens."""


class Order(msgspec.Struct, frozen=True):
    """What a process needs to know to decide anybody of the audience.

    `moment` is what time it is for everybody; `further_models` are those of the placement's further goals, and
    `challengers` those that an arm of its experiment tries; `columns`
    are the offers' attributes that stand beside them in the output. A dry run writes nothing to store and journal.
    """

    campaign: CampaignId
    placement: PlacementId
    moment: Instant
    catalogue: CatalogueVersion
    model: ModelVersion | None
    columns: tuple[str, ...] = ()
    dry_run: bool = False
    further_models: dict[GoalId, ModelVersion] = {}
    challengers: dict[GoalId, ModelVersion] = {}


class Campaign(msgspec.Struct, frozen=True):
    """An order with its audience: so many customers, decided in chunks of `chunk`.

    `audience` tells where it came from, `digest` what was there; `repeated` counts who stood in it more than once,
    `unreadable` those whose damaged profile did not tell whether they are in the segment. `out` is where the result
    goes.
    """

    order: Order
    audience: str
    digest: str
    customers: int
    repeated: int
    chunk: int
    out: str
    unreadable: int = 0

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return -(-self.customers // self.chunk)

    def size(self, chunk: int) -> int:
        """How many customers a chunk has."""
        return min(self.chunk, self.customers - chunk * self.chunk)
