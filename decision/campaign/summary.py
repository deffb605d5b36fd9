"""What became of a campaign, in numbers: from its parts, so that it is the same whoever wrote them."""

from pathlib import Path

import duckdb
import msgspec
import pyarrow.parquet as pq

from decision.campaign.campaign import Campaign
from decision.campaign.folder import CampaignFolder
from decision.campaign.part import Figures, read_figures

# A model of responses says how likely one is, and the value what it is worth; one of values says both in the value.
_EXPECTED = "coalesce(propensity, 1.0) * value"

_COUNTS = """
SELECT {name}, count(*), {counted}, sum({expected} ORDER BY customer, rank)
FROM read_parquet($parts) WHERE offer IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1
"""


class Share(msgspec.Struct, frozen=True):
    """How often an offer (or an attribute's value) is shown, to how many customers, and the value expected from it."""

    name: str | None
    shown: int
    customers: int
    expected: float


class Summary(msgspec.Struct, frozen=True):
    """A campaign in numbers.

    `expected` is the sum over all shown offers of propensity × value. `columns` has the same figures as `offers` for
    the values of each attribute in the output.
    """

    campaign: str
    placement: str
    catalogue: str
    model: str | None
    customers: int
    repeated: int
    unknown: int
    reached: int
    shown: int
    expected: float
    offers: tuple[Share, ...]
    columns: dict[str, tuple[Share, ...]]
    nothing_shown: dict[str, int]
    left_out: dict[str, int]
    degraded: dict[str, int]


def summarise(campaign: Campaign, folder: CampaignFolder) -> Summary:
    """The summary of what is decided so far."""
    parts = folder.parts()
    figures = Figures()
    for part in parts:
        figures += read_figures(pq.read_schema(part))
    with duckdb.connect(":memory:") as connection:
        # Sums of floats depend on their order, which one thread keeps.
        connection.execute("SET threads = 1")
        offers = _shares(connection, "offer", parts)
        columns = {name: _shares(connection, f'"{name}"', parts) for name in campaign.order.columns}
    return Summary(
        campaign=campaign.order.campaign,
        placement=campaign.order.placement,
        catalogue=campaign.order.catalogue,
        model=campaign.order.model,
        customers=figures.customers,
        repeated=campaign.repeated,
        unknown=figures.unknown,
        reached=figures.customers - sum(figures.empty.values()),
        shown=sum(share.shown for share in offers),
        expected=sum(share.expected for share in offers),
        offers=offers,
        columns=columns,
        nothing_shown=_by_count(figures.empty),
        left_out=_by_count(figures.left_out),
        degraded=_by_count(figures.degraded),
    )


def _shares(connection: duckdb.DuckDBPyConnection, name: str, parts: "list[Path]") -> tuple[Share, ...]:
    if not parts:
        return ()
    counted = "count(DISTINCT customer)"
    rows = connection.execute(
        _COUNTS.format(name=name, counted=counted, expected=_EXPECTED), {"parts": [str(part) for part in parts]}
    ).fetchall()
    return tuple(Share(None if name is None else str(name), *figures) for name, *figures in rows)


def _by_count(figures: dict[str, int]) -> dict[str, int]:
    return dict(sorted(figures.items(), key=lambda item: (-item[1], item[0])))
