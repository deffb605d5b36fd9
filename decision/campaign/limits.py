"""A catalogue's volume limits as a campaign sees them: what allocation needs to know, and the counters in the store."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.allocation import UNLIMITED, Left, Volumes
from decision.campaign.grant import used_of
from decision.engine.snapshot import Snapshot
from decision.service.claims import Claim, claim_at
from rules.ids import Instant, OfferId, PlacementId
from rules.volume import BoundVolumes

Units = NDArray[np.int64]


class CampaignLimits(msgspec.Struct, frozen=True, eq=False):
    """The limits of one placement at one moment.

    `volumes` are the places of every candidate; places are numbered as in the catalogue. `minimums` is what a campaign
    has to send, int64[places]; `claims` one unit of each place that has a most, by its number.
    """

    bound: BoundVolumes
    positions: dict[OfferId, int]
    slots: int
    volumes: Volumes
    minimums: Units
    claims: dict[int, Claim]

    @classmethod
    def of(cls, snapshot: Snapshot, placement: PlacementId, moment: Instant) -> "CampaignLimits | None":
        """The limits; None where nothing is limited and nothing has to be sent."""
        placed = snapshot.placement(placement).bound
        bound = placed.volumes
        if not len(bound.codes):
            return None
        by_candidate = [[int(code) for code in codes if code >= 0] for codes in bound.codes.T]
        touched = np.unique(bound.codes[bound.codes >= 0])
        minimums = np.zeros(len(bound.places), np.int64)
        minimums[touched] = [bound.places[place].limit.at_least or 0 for place in touched.tolist()]
        claims = {place: claim_at(bound.places, place, 1, moment) for place in sorted(bound.own)}
        volumes = Volumes.of(by_candidate, len(bound.places))
        return cls(bound, dict(placed.position), placed.spec.slots, volumes, minimums, claims)

    def left(self, free: dict[int, int], used: Units, customers: int) -> Left:
        """What is left to give when so many units of places with a most are free, and so many were `used` before."""
        rooms = np.full(len(self.bound.places), UNLIMITED, np.int64)
        rooms[list(free)] = list(free.values())
        return Left(rooms, np.maximum(self.minimums - used, 0), customers)

    def used(self, offers: Sequence[OfferId]) -> Units:
        """Units that shown offers take of every place."""
        return used_of(self.bound, [self.positions[offer] for offer in offers])
