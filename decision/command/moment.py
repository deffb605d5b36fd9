"""A moment as a command-line option."""

import rich_click as click

from rules.ids import Instant
from rules.instant import parse_instant


class Moment(click.ParamType[Instant]):
    """An RFC 3339 moment, or a plain date for midnight UTC."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Instant:
        """The moment in an option's text."""
        try:
            return parse_instant(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


MOMENT = Moment()
