"""Opens the waves of a campaign: the limits, and the sample that prices are found on."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future

from decision.campaign.campaign import Campaign
from decision.campaign.folder import CampaignFolder
from decision.campaign.hands import Hands
from decision.campaign.limits import CampaignLimits
from decision.campaign.sampling import Sample, SampleRows, sampled, unpack_rows
from decision.campaign.waves import Waves
from decision.campaign.workshop import Job, order_snapshot, sample_chunk
from decision.store.port import Store


async def open_waves(
    job: Job,
    campaign: Campaign,
    folder: CampaignFolder,
    store: Store,
    hands: Hands,
    stopping: asyncio.Event,
    say: Callable[[str], None],
) -> Waves | None:
    """The waves; None where nothing is limited, or when told to stop before the sample is there.

    `say` is told what a person waits for meanwhile.
    """
    snapshot = await order_snapshot(campaign.order, store)
    limits = CampaignLimits.of(snapshot, campaign.order.placement, campaign.order.moment)
    if limits is None:
        return None
    sample = folder.sample(Sample)
    if sample is None:
        say("Looking at a sample of the audience, to find prices on.")
        sample = await _look(job, campaign, folder, hands, stopping)
        say("")
        if sample is None:
            return None
        folder.keep_sample(sample)
    return Waves(campaign, folder, limits, unpack_rows(sample.chunks), store)


async def _look(
    job: Job, campaign: Campaign, folder: CampaignFolder, hands: Hands, stopping: asyncio.Event
) -> Sample | None:
    found: dict[int, SampleRows] = {}

    def submit(executor: Executor, chunk: int) -> Future[SampleRows]:
        customers = folder.customers(chunk)
        return executor.submit(sample_chunk, job, [customers[at] for at in sampled(campaign, chunk, len(customers))])

    async def land(chunk: int, rows: SampleRows) -> None:
        found[chunk] = rows

    if not await hands.work(range(campaign.chunks), submit, land, stopping):
        return None
    return Sample([found[chunk] for chunk in range(campaign.chunks)])
