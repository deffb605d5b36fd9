"""The guests of a campaign as the files a hotel group would hand over: profiles, and the mails of the last days."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from loadtest.hotel.brands import BRAND_NAMES
from loadtest.hotel.destinations import DESTINATION_NAMES
from loadtest.hotel.population import COUNTRY_CODES, PARTY_NAMES, Population, make_population
from loadtest.hotel.themes import THEME_IDS

BLOCK = 50_000
"""Guests drawn at a time: their tastes take some hundred megabytes."""
DAY = 86_400_000
_MEMBER_DAYS = 900
_TICKED = 3

MAPPING = """
id = "id"
[attributes]
country = "country"
member = "member"
tier = "tier"
member_since = "member_since"
party = "party"
usual_rate = "usual_rate"
interests = "interests"
favourite_brand = "favourite_brand"
favourite_destination = "favourite_destination"
[consents]
email = "email"
"""


def guest_ids(first: int, end: int) -> "pa.Array[Any]":
    """The ids of guests from `first` to before `end`, whose order is that of their numbers."""
    return pa.array([f"guest-{number:08d}" for number in range(first, end)])


def write_guests(file: Path, guests: int, now: int, seed: int) -> None:
    """Write profiles as Parquet, a row group per block; `now` is milliseconds since 1970."""
    blocks = _blocks(guests, now, seed)
    first = next(blocks)
    with parquet.ParquetWriter(file, first.schema) as writer:
        writer.write_table(first)
        for block in blocks:
            writer.write_table(block)


def _blocks(guests: int, now: int, seed: int) -> Iterator[pa.Table]:
    for first in range(0, guests, BLOCK):
        size = min(BLOCK, guests - first)
        random = np.random.default_rng([seed, 31, first])
        yield _accounts(make_population(size, 0, random), first, now, random)


def _accounts(people: Population, first: int, now: int, random: np.random.Generator) -> pa.Table:
    """What the hotel group has on file: true as far as it goes, with the gaps of `loadtest.hotel.account`."""
    size = len(people)
    member = people.member
    since = now - random.integers(1, _MEMBER_DAYS, size) * DAY
    rate = np.round(people.budget * np.exp(0.15 * random.normal(size=size)), 2)
    tier = np.select([people.stays >= 8, people.stays >= 3], [2, 1], 0)
    themes = np.argsort(-(people.theme + 0.5 * random.normal(size=people.theme.shape)), axis=1)[:, :_TICKED]
    brand = np.argmax(people.brand + 0.3 * random.normal(size=people.brand.shape), axis=1)
    place = np.argmax(people.destination, axis=1)
    return pa.table(
        {
            "id": guest_ids(first, first + size),
            "country": _words(COUNTRY_CODES, people.country),
            "member": pa.array(member),
            "tier": _words(("classic", "silver", "gold"), tier, ~member),
            "member_since": pa.array(since, pa.timestamp("ms", "UTC"), mask=~member),
            "party": _words(PARTY_NAMES, people.party, random.random(size) >= 0.7),
            "usual_rate": pa.array(rate),
            "interests": _lists(THEME_IDS, themes, random.random(size) >= 0.4),
            "favourite_brand": _words(BRAND_NAMES, brand, random.random(size) >= 0.2),
            "favourite_destination": _words(DESTINATION_NAMES, place, random.random(size) >= 0.2),
            "email": pa.array(people.mail_consent),
        }
    )


def _words(names: tuple[str, ...], index: NDArray[np.intp], absent: NDArray[np.bool_] | None = None) -> "pa.Array[Any]":
    codes = pa.array(index, pa.int32(), mask=absent)
    return pa.DictionaryArray.from_arrays(codes, pa.array(names)).dictionary_decode()


def _lists(names: tuple[str, ...], index: NDArray[np.intp], absent: NDArray[np.bool_]) -> "pa.Array[Any]":
    rows, width = index.shape
    offsets = pa.array(np.arange(rows + 1, dtype=np.int32) * width)
    return pa.ListArray.from_arrays(offsets, _words(names, index.ravel()), mask=pa.array(absent))
