"""Gives units of volume limits back that a withdrawn campaign took: once, however often it is tried."""

from collections.abc import Mapping
from functools import partial

from decision.campaign.deciding import patiently
from decision.campaign.limits import CampaignLimits, Units
from decision.service.claims import Claim
from decision.store.port import Store
from decision.subject.profiles import ATTEMPTS, DAY
from rules.errors import Conflict

REMEMBERED_SECONDS = 400 * DAY
"""How long it is known that a campaign gave its units back."""


async def give_back(store: Store, campaign: str, limits: CampaignLimits, withdrawn: Units) -> None:
    """Give back units that were withdrawn and had been taken for good."""
    claims: Mapping[int, Claim] = limits.claims
    for place, claim in claims.items():
        if withdrawn[place]:
            await patiently(partial(_return, store, claim, campaign, int(withdrawn[place])))


async def _return(store: Store, claim: Claim, campaign: str, units: int) -> None:
    """Lower the counter and leave a mark, in one step; the mark lies beside it, in its slot."""
    mark = f"{claim.counter}:withdrawn:{campaign}"
    for _ in range(ATTEMPTS):
        taken, marked = await store.get_many([claim.counter, mark])
        if marked is not None or taken is None:
            return
        left = b"%d" % max(int(taken) - units, 0)
        if await store.compare_and_put(claim.counter, taken, left, claim.ttl, [(mark, REMEMBERED_SECONDS)]):
            return
    raise Conflict(f"Units of {claim.counter} were taken {ATTEMPTS} times meanwhile; try again.")
