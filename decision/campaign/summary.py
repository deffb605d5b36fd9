"""What became of a campaign, in numbers: from its parts, so that it is the same whoever wrote them."""

import msgspec
import pyarrow.parquet as pq

from decision.campaign.campaign import Campaign
from decision.campaign.folder import CampaignFolder
from decision.campaign.part import Figures, Share, read_figures


class Summary(msgspec.Struct, frozen=True):
    """A campaign in numbers.

    `expected` is the sum over all shown offers of propensity × value. `offers` are those shown and all other candidates
    of the placement, with how often each reason left them out; `columns` has the same figures for the values of each
    attribute in the output, summed over their offers. `left_out` also counts offers that are no candidates.
    `unreadable` counts whose damaged profile did not tell whether they are in the segment, and who were left out.
    `groups` has how many customers are held out (`holdout`), or in arms of an experiment.
    """

    campaign: str
    placement: str
    catalogue: str
    model: str | None
    customers: int
    repeated: int
    unreadable: int
    unknown: int
    reached: int
    shown: int
    expected: float
    offers: tuple[Share, ...]
    columns: dict[str, tuple[Share, ...]]
    nothing_shown: dict[str, int]
    left_out: dict[str, int]
    degraded: dict[str, int]
    groups: dict[str, int] = {}


def summarise(campaign: Campaign, folder: CampaignFolder) -> Summary:
    """The summary of what is decided so far: sums of floats depend on their order, which is that of the parts."""
    figures = Figures()
    for part in folder.parts():
        figures += read_figures(pq.read_schema(part))
    offers = _by_frequency(figures.offers)
    return Summary(
        campaign=campaign.order.campaign,
        placement=campaign.order.placement,
        catalogue=campaign.order.catalogue,
        model=campaign.order.model,
        customers=figures.customers,
        repeated=campaign.repeated,
        unreadable=campaign.unreadable,
        unknown=figures.unknown,
        reached=figures.customers - sum(figures.empty.values()),
        shown=sum(share.shown for share in offers),
        expected=sum(share.expected for share in offers),
        offers=offers,
        columns={name: _by_frequency(figures.columns.get(name, ())) for name in campaign.order.columns},
        nothing_shown=_by_count(figures.empty),
        left_out=_by_count(figures.left_out),
        degraded=_by_count(figures.degraded),
        groups=_by_count(figures.groups),
    )


def _by_frequency(shares: tuple[Share, ...]) -> tuple[Share, ...]:
    ordered = sorted(shares, key=lambda share: (-share.shown, share.name is None, share.name or ""))
    return tuple(msgspec.structs.replace(share, left_out=_by_count(share.left_out)) for share in ordered)


def _by_count(figures: dict[str, int]) -> dict[str, int]:
    return dict(sorted(figures.items(), key=lambda item: (-item[1], item[0])))
