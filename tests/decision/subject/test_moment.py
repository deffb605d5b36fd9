"""Whatever clocks made a history, its contacts lie before the decision; but for those nobody can believe."""

from hypothesis import given
from hypothesis import strategies as st

from decision.subject.moment import BELIEVED, moment_of
from rules.contact import contact_record
from rules.ids import Instant, OfferId

NOW = Instant(1_790_000_000_000)


def history(*after: int) -> bytes:
    return b"".join(contact_record(Instant(NOW + each), OfferId("a"), "decision", "web", 1) for each in after)


@given(
    # Long histories are read in another way than short ones.
    st.lists(st.integers(-3 * BELIEVED, 3 * BELIEVED), max_size=40),
    st.integers(-2 * BELIEVED, 2 * BELIEVED),
)
def test_it_is_the_latest_of_all_that_may_be_believed(after: list[int], ahead: int) -> None:
    believed = [each for each in after if each <= max(0, ahead) + BELIEVED]
    assert moment_of(history(*after), NOW, Instant(NOW + ahead)) == NOW + max([0, *believed])


def test_a_day_ahead_is_believed_and_not_more() -> None:
    assert moment_of(b"", NOW, NOW) == NOW
    assert moment_of(history(-1, BELIEVED), NOW, NOW) == NOW + BELIEVED
    assert moment_of(history(61_000, BELIEVED + 1), NOW, NOW) == NOW + 61_000
    # Of a campaign that has begun long ago, the clock tells what may be believed.
    assert moment_of(history(5 * BELIEVED), NOW, Instant(NOW + 4 * BELIEVED)) == NOW + 5 * BELIEVED


def test_less_than_one_contact_moves_nothing() -> None:
    assert moment_of(history(60_000)[:-1], NOW, NOW) == NOW
