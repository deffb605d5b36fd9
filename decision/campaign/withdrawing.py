"""Withdraws a campaign: every decision that nothing came of yet is taken back, part by part."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq

from decision.campaign.campaign import Campaign
from decision.campaign.deciding import patiently
from decision.campaign.draw import decision_of
from decision.campaign.folder import CampaignFolder
from decision.campaign.giving_back import give_back
from decision.campaign.limits import CampaignLimits
from decision.campaign.receipts import Receipts
from decision.campaign.taking_back import Sent, TakingBack
from decision.campaign.waves import Wave, holds_of, settles_of
from decision.clock import Clock
from decision.journal.reading import open_journal
from decision.store.port import Store
from rules.ids import CustomerId, DecisionId, OfferId

_REPORTED = """
SELECT DISTINCT outcome.decision FROM journal WHERE record = 'outcome' AND starts_with(outcome.decision, $moment)
"""


class Withdrawn(msgspec.Struct, frozen=True):
    """How many decisions, with how many shown offers, were taken back, and how many stay because of an outcome."""

    decisions: int = 0
    offers: int = 0
    reported: int = 0


class Withdrawing:
    """Withdraws one campaign, by whoever holds its folder; it may be killed at any moment and begun again.

    `data` is the data folder, whose journal is settled.
    """

    def __init__(
        self,
        campaign: Campaign,
        folder: CampaignFolder,
        store: Store,
        receipts: Receipts,
        limits: CampaignLimits | None,
        data: Path,
        clock: Clock,
    ) -> None:
        self._store = store
        self._limits = limits
        self._campaign = campaign
        self._folder = folder
        self._receipts = receipts
        self._data = data
        self._taking = TakingBack(store, campaign.order.campaign, campaign.order.moment, clock)

    async def withdraw(self, advance: Callable[[int], None]) -> Withdrawn:
        """Take back what can be; `advance` is told how many customers more were looked at."""
        told = self._folder.path / "withdrawn.json"
        if told.exists():
            return msgspec.json.decode(told.read_bytes(), type=Withdrawn)
        self._folder.stop()
        reported = self._reported()
        total = Withdrawn()
        written = self._folder.written()
        units = _Units(self._campaign, self._folder, self._store, self._limits)
        for chunk in range(self._campaign.chunks):
            customers = self._folder.customers(chunk)
            sent = read_sent(self._folder.part(chunk)) if chunk in written else await self._begun(customers)
            taken = await self._taking.take_back(sent, reported)
            offers = sum(len(one.offers) for one in taken)
            total = Withdrawn(
                total.decisions + len(taken), total.offers + offers, total.reported + len(sent) - len(taken)
            )
            await units.settle(chunk, sent, taken, chunk in written)
            await patiently(partial(self._receipts.close, [(one.customer, one.id) for one in sent]))
            advance(len(customers))
        if self._limits is not None:
            await give_back(self._store, self._campaign.order.campaign, self._limits, units.withdrawn)
        self._folder.withdraw(msgspec.json.encode(total))
        return total

    def _reported(self) -> set[DecisionId]:
        """The decisions of this campaign that the journal has an outcome of."""
        with open_journal(self._data) as journal:
            # All ids of a campaign begin with its moment.
            moment = f"{self._campaign.order.moment:012x}"
            return {DecisionId(id) for (id,) in journal.execute(_REPORTED, {"moment": moment}).fetchall()}

    async def _begun(self, customers: Sequence[CustomerId]) -> list[Sent]:
        """What a killed process had decided of a chunk without a part."""
        names = [(customer, decision_of(self._campaign.order, customer)) for customer in customers]
        # A worker of a cluster that lags behind must not begin with anybody else.
        found = zip(names, await patiently(partial(self._receipts.fence, names)), strict=True)
        return [Sent(customer, id, receipt.offers) for (customer, id), receipt in found if receipt is not None]


class _Units:
    """Ends what is held for chunks, and counts the units that are withdrawn and were taken for good."""

    def __init__(self, campaign: Campaign, folder: CampaignFolder, store: Store, limits: CampaignLimits | None) -> None:
        self._campaign = campaign
        self._folder = folder
        self._store = store
        self._limits = limits
        self._wave: Wave | None = None
        self.withdrawn = np.zeros(0 if limits is None else len(limits.bound.places), np.int64)

    async def settle(self, chunk: int, sent: Sequence[Sent], taken: Sequence[Sent], written: bool) -> None:
        """Of a chunk that is `written` all was taken, of another one only what is not taken back; chunks in order."""
        if self._limits is None:
            return
        self._wave = self._folder.wave(chunk, Wave) or self._wave
        if self._wave is None or chunk not in self._wave.rooms:
            return
        back = {one.id for one in taken}
        kept = [offer for one in sent for offer in one.offers if written or one.id not in back]
        used = self._limits.used(kept)
        mark = self._folder.part(chunk).with_suffix(".settled")
        if not mark.exists():
            holds = holds_of(self._campaign, self._limits, self._wave, chunk, used)
            await patiently(partial(self._store.hold, holds))
            settles = settles_of(self._campaign, self._limits, self._wave, chunk, used)
            await patiently(partial(self._store.write, settles))
        if written:
            mark.touch()
            self.withdrawn += self._limits.used([offer for one in taken for offer in one.offers])


def read_sent(part: Path) -> list[Sent]:
    """The decisions of a part, in order."""
    shown: dict[tuple[CustomerId, DecisionId], tuple[OfferId, ...]] = {}
    for customer, id, offer in _rows(part):
        shown[customer, id] = shown.get((customer, id), ()) + (() if offer is None else (offer,))
    return [Sent(customer, id, offers) for (customer, id), offers in shown.items()]


def _rows(part: Path) -> Iterator[tuple[CustomerId, DecisionId, OfferId | None]]:
    table = pq.read_table(part, columns=["customer", "decision", "offer"], partitioning=None)
    for customer, id, offer in zip(*(column.to_pylist() for column in table.columns), strict=True):
        yield CustomerId(str(customer)), DecisionId(str(id)), None if offer is None else OfferId(str(offer))
