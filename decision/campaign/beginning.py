"""Begins a campaign, or finds the one that the same wish began before."""

from hashlib import blake2b
from pathlib import Path

import msgspec

from decision.campaign.audience import Audience
from decision.campaign.campaign import Campaign, CampaignId, Order
from decision.campaign.folder import CampaignFolder, CampaignFolders
from decision.campaign.output import FILE
from decision.campaign.part import check_columns
from decision.store.port import Store
from decision.version.registry import CATALOGUE_SLOT, Registry
from decision.version.versions import Versions
from rules.attribute import suggest
from rules.catalogue import Catalogue
from rules.errors import Conflict, Fault, Invalid, Unavailable
from rules.ids import Instant, ModelVersion, PlacementId

CHUNK = 2_000
"""Customers in a chunk: a second's work or so, which is what a kill costs and what a progress bar moves by."""


class Wish(msgspec.Struct, frozen=True):
    """What somebody wants decided.

    `source` tells the audience's origin and `digest` its content. Without an `id` the same source, placement and output
    always mean the same campaign. `columns` are None for those that contact policy and placement count by.
    """

    source: str
    digest: str
    placement: PlacementId
    out: Path
    moment: Instant
    id: CampaignId | None = None
    columns: tuple[str, ...] | None = None
    dry_run: bool = False
    chunk: int = CHUNK

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
    model = (await registry.current("model")).get(placement.goal)
    return Order(
        wish.name,
        wish.placement,
        wish.moment,
        catalogue.version,
        None if model is None else ModelVersion(model),
        columns,
        wish.dry_run,
    ), catalogue


def counted_by(catalogue: Catalogue, placement: PlacementId) -> tuple[str, ...]:
    """The offers' attributes that the placement and its contact policy count by: what people speak of offers by."""
    bound = catalogue.placements[placement]
    policies = (policy.entry.per for policy in bound.policies.policies)
    return tuple(dict.fromkeys(name for name in (*bound.limits, *policies) if name not in {None, "id"}))


def find_campaign(wish: Wish, folders: CampaignFolders) -> CampaignFolder | None:
    """The campaign that the wish began before; raises `Conflict` when its id belongs to another one, or its output
    to something else."""
    folder = folders.of(wish.name)
    if wish.dry_run or not folder.exists:
        if wish.out.suffix == FILE and wish.out.exists():
            raise Conflict(f"{wish.out} exists already; remove it, or name another file.")
        return None
    campaign = folder.campaign()
    columns = {None, campaign.order.columns}
    same = {
        "audience": campaign.digest == wish.digest,
        "placement": campaign.order.placement == wish.placement,
        "output": campaign.out == str(wish.out.resolve()),
        "choice of columns": wish.columns in columns,
    }
    if not all(same.values()):
        other = ", ".join(name for name, equal in same.items() if not equal)
        raise Conflict(f"Campaign {wish.name!r} was begun with another {other}; give this one another --id.")
    return folder


def begin_campaign(wish: Wish, order: Order, folder: CampaignFolder, audience: Audience) -> Campaign:
    """From now on the campaign is; its audience is in the folder. Raises `Invalid` where nobody is in it."""
    if audience.customers == 0:
        raise Invalid((Fault(wish.source, "names no customer; nothing is decided"),))
    campaign = Campaign(
        order,
        wish.source,
        wish.digest,
        audience.customers,
        audience.repeated,
        wish.chunk,
        str(wish.out.resolve()),
    )
    folder.begin(campaign)
    return campaign
