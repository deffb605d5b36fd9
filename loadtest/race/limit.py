"""A volume limit over all customers of a season, and by how much what was shown exceeds it."""

from collections.abc import Iterable

import msgspec

from loadtest.race.caps import OFFERS

THEME = "golf"
"""What the limit covers: one theme of five, so that caps have something to do when it is sold out."""


class Limit(msgspec.Struct, frozen=True):
    """So many offers of the theme for everybody together; each season has an id of its own, for units belong to it."""

    id: str
    at_most: int

    @property
    def entry(self) -> str:
        """The limit in TOML."""
        return f'[[volume]]\nid = "{self.id}"\noffers = "offer.theme == \'{THEME}\'"\nat_most = {self.at_most}\n'


def units(shown: Iterable[tuple[str, str]]) -> int:
    """How many units were shown, by pairs of decision and offer; what two callers were answered counts once."""
    return sum(OFFERS[offer] == THEME for _, offer in set(shown))
