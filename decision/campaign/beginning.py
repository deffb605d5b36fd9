"""Begins a campaign, or finds the one that the same wish began before."""

from hashlib import blake2b
from pathlib import Path

import msgspec

from decision.campaign.audience import Audience
from decision.campaign.campaign import Campaign, CampaignId, Order
from decision.campaign.folder import CampaignFolders
from decision.campaign.output import FILE
from decision.campaign.part import check_columns
from decision.store.port import Store
from decision.version.registry import CATALOGUE_SLOT, Registry
from decision.version.versions import Versions
from rules.attribute import suggest
from rules.catalogue import Catalogue
from rules.errors import Conflict, Fault, Invalid, Unavailable
from rules.ids import GoalId, Instant, ModelVersion, PlacementId
from rules.instant import format_instant
from rules.workspace import Workspace

CHUNK = 2_000
"""Customers in a chunk: a second's work or so, which is what a kill costs and what a progress bar moves by."""

MOST_CHUNKS = 10_000
"""Chunks of an audience at most: each is a file, and a share of the sample."""


class Wish(msgspec.Struct, frozen=True):
    """What somebody wants decided.

    `source` tells the audience's origin and `digest` its content. Without an `id` the same source, placement and output
    always mean the same campaign. `columns` are None for those that contact policy and placement count by, `chunk` is
    None for one that suits the audience. `fixed` says that the moment was asked for, and is not just now.
    """

    source: str
    digest: str
    placement: PlacementId
    out: Path
    moment: Instant
    id: CampaignId | None = None
    columns: tuple[str, ...] | None = None
    dry_run: bool = False
    chunk: int | None = None
    fixed: bool = False

    @property
    def name(self) -> CampaignId:
        """The campaign's id."""
        content = "\0".join((self.placement, self.digest, str(self.out.resolve())))
        return self.id or CampaignId(blake2b(content.encode(), digest_size=6).hexdigest())


async def plan_order(wish: Wish, store: Store) -> tuple[Order, Catalogue]:
    """The order for a new campaign, with the versions in use now; raises `Invalid` or `Unavailable`."""
    registry = Registry(store)
    version = (await registry.current("catalogue")).get(CATALOGUE_SLOT)
    if version is None:
        raise Unavailable("No catalogue is in use yet: publish one with `concierge publish DIR`.")
    catalogue = await Versions(registry).catalogue(version)
    placement = catalogue.workspace.placements.get(wish.placement)
    if placement is None:
        hint = suggest(wish.placement, catalogue.workspace.placements)
        said = f"{wish.placement!r} is not a placement of this catalogue{hint}"
        raise Invalid((Fault("--placement", said),))
    columns = counted_by(catalogue, wish.placement) if wish.columns is None else wish.columns
    check_columns(columns, catalogue.offers)
    models = {GoalId(goal): ModelVersion(model) for goal, model in (await registry.current("model")).items()}
    return Order(
        wish.name,
        wish.placement,
        wish.moment,
        catalogue.version,
        models.get(placement.goal),
        columns,
        wish.dry_run,
        {goal: models[goal] for goal in placement.goals if goal in models},
        await _challengers(registry, catalogue.workspace, wish.placement),
    ), catalogue


async def _challengers(registry: Registry, workspace: Workspace, placement: PlacementId) -> dict[GoalId, ModelVersion]:
    """The challengers for a placement's goals, if an arm of its experiment tries them."""
    arms = (arm for one in workspace.experiment if placement in one.placements for arm in one.arms)
    if not any(arm.model == "challenger" for arm in arms):
        return {}
    aims = workspace.placements[placement].aims
    return {
        GoalId(goal): ModelVersion(version) for goal, version in (await registry.challengers()).items() if goal in aims
    }


def counted_by(catalogue: Catalogue, placement: PlacementId) -> tuple[str, ...]:
    """The offers' attributes that the placement and its contact policy count by: what people speak of offers by."""
    bound = catalogue.placements[placement]
    policies = (policy.entry.per for policy in bound.policies.policies)
    return tuple(dict.fromkeys(name for name in (*bound.limits, *policies) if name not in {None, "id"}))


def find_campaign(wish: Wish, folders: CampaignFolders) -> Campaign | None:
    """The campaign that the wish began before; raises `Conflict` when it was begun with something else.

    Its result may be wanted elsewhere than at first. A wish without an id that another campaign looks like, which is
    not finished, is no new one either: its audience may have changed meanwhile, and would be decided again.
    """
    folder = folders.of(wish.name)
    if folder.exists:
        campaign = folder.campaign()
        _compare(wish, campaign)
        return campaign
    if wish.id is None:
        for folder in folders.all():
            other = folder.campaign()
            if not folder.finished and not folder.stopped and _alike(wish, other):
                raise Conflict(_ways_on(other, f"begun over {other.audience} with other content or another --out"))
    return None


def _compare(wish: Wish, campaign: Campaign) -> None:
    same = {
        "audience": campaign.digest == wish.digest,
        "placement": campaign.order.placement == wish.placement,
        "choice of columns": wish.columns in {None, campaign.order.columns},
        "--at": not wish.fixed or campaign.order.moment == wish.moment,
        "--chunk": wish.chunk in {None, campaign.chunk},
    }
    if not all(same.values()):
        other = ", ".join(name for name, equal in same.items() if not equal)
        raise Conflict(_ways_on(campaign, f"begun with another {other}"))


def _alike(wish: Wish, other: Campaign) -> bool:
    at_same_place = wish.out.suffix == FILE and other.out == str(wish.out.resolve())
    return at_same_place or (other.order.placement, other.audience) == (wish.placement, wish.source)


def _ways_on(campaign: Campaign, what: str) -> str:
    id, begun = campaign.order.campaign, format_instant(campaign.order.moment)
    return (
        f"Campaign {id} for {begun} was {what}. To go on with it, give --id {id} and what it was begun with (--out may "
        f"be another); to take it back, `concierge campaign withdraw {id}`; to begin another one, give it another --id."
    )


def chunk_for(wish: Wish, named: int) -> int:
    """How many customers make a part when so many are named; raises `Invalid` for a wish that makes too many parts."""
    least = -(-named // MOST_CHUNKS)
    if wish.chunk is not None and wish.chunk < least:
        said = f"{wish.chunk:,} makes too many parts of {named:,} customers; give {least:,} or more"
        raise Invalid((Fault("--chunk", said),))
    return wish.chunk or max(CHUNK, least)


def campaign_for(wish: Wish, order: Order, audience: Audience, chunk: int, unreadable: int) -> Campaign:
    """The campaign that begins with an audience, in chunks of that size."""
    return Campaign(
        order=order,
        audience=wish.source,
        digest=wish.digest,
        customers=audience.customers,
        repeated=audience.repeated,
        chunk=chunk,
        out=str(wish.out.resolve()),
        unreadable=unreadable,
    )
