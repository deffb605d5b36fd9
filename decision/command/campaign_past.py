"""`concierge campaign list` and `withdraw`: campaigns that were begun, and one taken back."""

import asyncio
from pathlib import Path

import rich_click as click
from rich.console import Console
from rich.table import Column, Table

from decision.campaign.campaign import CampaignId
from decision.campaign.folder import CampaignFolder, CampaignFolders
from decision.campaign.limits import CampaignLimits
from decision.campaign.receipts import Receipts
from decision.campaign.withdrawing import Withdrawing, Withdrawn
from decision.campaign.workshop import order_snapshot
from decision.clock import wall_clock
from decision.command.campaign_progress import CampaignProgress
from decision.command.console import open_console
from decision.folders import data_folder
from decision.journal.settling import settled
from decision.settings import Settings, read_settings
from decision.store.opening import open_store
from decision.subject.contacts import Contacts
from rules.instant import format_instant


@click.command(name="list")
def list_campaigns() -> None:
    """List all campaigns, the latest first, and how far each has come."""
    # Where the audience was and the result lies stands below: a path is for copying, and no column holds it.
    table = Table(
        Column("Campaign", overflow="fold", min_width=12),
        Column("Placement", overflow="fold"),
        Column("Moment (UTC)", no_wrap=True),
        Column("Decided", justify="right", no_wrap=True),
        Column("State", no_wrap=True),
    )
    lines = []
    for folder in CampaignFolders(read_settings().folder).all():
        campaign = folder.campaign()
        decided = min(len(folder.written()) * campaign.chunk, campaign.customers)
        table.add_row(
            campaign.order.campaign,
            campaign.order.placement,
            format_instant(campaign.order.moment)[:16].replace("T", " "),
            f"{decided:,}/{campaign.customers:,}",
            folder.state,
        )
        lines.append(f"{campaign.order.campaign}: {campaign.audience} → {campaign.out}")
    console = open_console(highlight=False)
    console.print(table)
    for line in lines:
        console.print(line, soft_wrap=True, markup=False)


@click.command()
@click.argument("campaign")
def withdraw(campaign: str) -> None:
    """Take back what nothing came of yet: contacts, and what volume limits counted; CAMPAIGN is as `list` shows it."""
    settings = read_settings()
    console = open_console(stderr=True, highlight=False)
    folder = CampaignFolders(settings.folder).of(CampaignId(campaign))
    taken = asyncio.run(_withdraw(settings, folder, settings.folder, console))
    click.echo(
        f"{taken.decisions:,} decisions with {taken.offers:,} offers taken back; "
        f"{taken.reported:,} stay, for an outcome was reported."
    )


async def _withdraw(settings: Settings, folder: CampaignFolder, data: Path, console: Console) -> Withdrawn:
    campaign = folder.campaign()
    with data_folder(data), folder.working():
        async with open_store(settings) as store, settled(store, data):
            contacts = Contacts(store, settings.visitor_days, settings.repeat_days)
            order = campaign.order
            limits = CampaignLimits.of(await order_snapshot(order, store), order.placement, order.moment)
            withdrawing = Withdrawing(campaign, folder, store, Receipts(store, contacts), limits, data, wall_clock)
            with CampaignProgress(console) as bar:
                task = bar.add_task("taking back", total=campaign.customers)
                async with bar.watching(store):
                    return await withdrawing.withdraw(lambda looked: bar.advance(task, looked))
