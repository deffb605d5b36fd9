"""`concierge keys`: who may call, and what they may do."""

import asyncio

import rich_click as click
from rich.table import Column, Table

from decision.access.api_keys import ApiKey, ApiKeys
from decision.clock import wall_clock
from decision.command.console import open_console
from decision.settings import read_settings
from decision.store.opening import open_store
from rules.errors import Fault, Invalid
from rules.instant import format_instant
from rules.workspace import CHANNELS

SCOPES = (*(f"decide:{channel}" for channel in CHANNELS), "outcomes", "profiles", "admin")


@click.group()
def keys() -> None:
    """Create, list and revoke API keys."""


@keys.command()
@click.option("--client", required=True, help="Who will use the key; shown in lists and logs.")
@click.option(
    "--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES), help="Give it once per scope."
)
def create(client: str, scopes: tuple[str, ...]) -> None:
    """Create a key and print its secret, once: only a hash is kept."""
    if not client.strip():
        raise Invalid((Fault("--client", "give the key's user a name"),))
    click.echo(asyncio.run(_create(client, scopes)))


@keys.command(name="list")
def list_keys() -> None:
    """List all keys; secrets are not kept and cannot be shown."""
    table = Table(Column("Key", no_wrap=True), "Client", "Scopes", Column("Created", no_wrap=True))
    for key in asyncio.run(_all()):
        table.add_row(key.id, key.client, " ".join(key.scopes), format_instant(key.created))
    open_console().print(table)


@keys.command()
@click.argument("key")
def revoke(key: str) -> None:
    """Make a key worthless; KEY is its id as `concierge keys list` shows it."""
    revoked = asyncio.run(_revoke(key))
    click.echo(f"Revoked {key} of {revoked.client}; workers forget it within seconds.")


async def _create(client: str, scopes: tuple[str, ...]) -> str:
    async with open_store(read_settings()) as store:
        secret, _ = await ApiKeys(store).create(client, scopes, wall_clock())
        return secret


async def _all() -> tuple[ApiKey, ...]:
    async with open_store(read_settings()) as store:
        return tuple(await ApiKeys(store).all())


async def _revoke(key: str) -> ApiKey:
    async with open_store(read_settings()) as store:
        return await ApiKeys(store).revoke(key)
