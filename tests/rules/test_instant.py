from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.ids import Instant
from rules.instant import EARLIEST, LATEST, format_instant, parse_instant, tell_day, tell_instant

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(
    st.datetimes(datetime(1900, 1, 3), datetime(2262, 1, 1)),
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
)
def test_reads_what_the_standard_library_writes(moment: datetime, minutes: int) -> None:
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_instant(zoned.isoformat()) == (zoned - EPOCH) // timedelta(milliseconds=1)


@given(st.integers(EARLIEST, LATEST))
def test_formatting_loses_nothing(milliseconds: int) -> None:
    text = format_instant(Instant(milliseconds))
    assert parse_instant(text) == milliseconds
    assert (datetime.fromisoformat(text) - EPOCH) // timedelta(milliseconds=1) == milliseconds


@given(st.integers(EARLIEST, LATEST))
def test_a_moment_in_a_sentence_is_what_the_standard_library_makes_of_it(milliseconds: int) -> None:
    moment = EPOCH + timedelta(milliseconds=milliseconds)
    assert tell_instant(Instant(milliseconds)) == f"{moment.day} {moment:%B} {moment.year} {moment:%H:%M} UTC"


def test_a_plain_date_is_midnight_in_utc() -> None:
    assert parse_instant("2026-03-01") == parse_instant("2026-03-01T01:00:00+01:00")


def test_milliseconds_are_shown_only_where_there_are_any() -> None:
    assert format_instant(parse_instant("2026-03-01T09:30:00.1239Z")) == "2026-03-01T09:30:00.123Z"
    assert format_instant(parse_instant("2026-03-01t09:30:00z")) == "2026-03-01T09:30:00Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "NaT",
        "2026",
        "20260301",
        "2026-03-01T09:30",
        "2026-03-01T09:30:00",
        "2026-03-01T09:30:00Z ",
        "99999-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-01T24:30:00Z",
        "2026-01-01T00:00:00+25:00",
    ],
)
def test_anything_else_is_refused_and_says_how_to_write_it(text: str) -> None:
    with pytest.raises(ValueError, match="2026-03-01T09:30:00Z, or 2026-03-01"):
        parse_instant(text)


@pytest.mark.parametrize(
    "text", ["1899-12-31T23:59:59Z", "2262-04-12T00:00:00Z", "9999-01-01", "1900-01-01T00:30:00+01:00"]
)
def test_moments_have_a_range(text: str) -> None:
    with pytest.raises(ValueError, match="1900 to 2262"):
        parse_instant(text)


def test_a_day_is_told_without_its_time() -> None:
    assert tell_day("2027-03-04") == "4 March 2027"
