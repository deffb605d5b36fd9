"""The command line: each room brings its own commands, and one is loaded only when it is called."""

import sys
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points

import rich_click as click

from decision.logs import configure_logs
from rules.errors import ConciergeError, Invalid

GROUP = "concierge.commands"


class CommandTable(click.RichGroup):
    """A group whose commands are entry points, so that serving imports nothing of training."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return sorted({*super().list_commands(ctx), *_entries()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, imported now."""
        entry = _entries().get(cmd_name)
        if entry is None:
            return super().get_command(ctx, cmd_name)
        command = entry.load()
        if not isinstance(command, click.Command):
            raise TypeError(f"Entry point {cmd_name!r} gives {command!r}; it must give a click command.")
        return command


def _entries() -> Mapping[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


@click.group(cls=CommandTable, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="concierge")
def concierge() -> None:
    """Decide which offers one customer should see, and say why."""
    # Commands speak to a person; `serve` and `sink` set the level that the operator wants.
    configure_logs("warning")


def main() -> None:
    """Run the command line; a foreseen error is one sentence and exit code 1."""
    try:
        concierge()
    except Invalid as error:
        for fault in error.faults:
            click.echo(f"concierge: {fault.field}: {fault.message}", err=True)
        sys.exit(1)
    except ConciergeError as error:
        click.echo(f"concierge: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
