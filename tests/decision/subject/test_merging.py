from hypothesis import given
from hypothesis import strategies as st

from decision.subject.merging import merge_profiles
from decision.subject.profile import ActivityFigures, Decayed, Profile, encode_profile
from rules.ids import Instant
from rules.workspace import Affinity, Attributes, Workspace

WORKSPACE = Workspace("test", Attributes(), {}, {}, affinities={"brand": Affinity("brand", "brand", "1d", {})})
moments = st.integers(0, 10**9).map(Instant)
weights = st.floats(-10.0, 10.0)
profiles = st.builds(
    Profile,
    st.dictionaries(st.sampled_from(["tier", "age"]), st.integers(0, 3)),
    st.fixed_dictionaries(
        {"brand": st.dictionaries(st.sampled_from("ABC"), st.builds(Decayed, weights, moments), min_size=1)}
    ),
    st.dictionaries(st.sampled_from(["stays"]), st.builds(ActivityFigures, st.integers(1, 9), weights, moments)),
    st.dictionaries(st.sampled_from(["email", "app"]), st.booleans()),
)


@given(
    st.one_of(st.none(), profiles),
    st.lists(profiles, max_size=4).flatmap(lambda visitors: st.tuples(st.just(visitors), st.permutations(visitors))),
)
def test_the_order_of_the_visitors_changes_no_bit(
    customer: Profile | None, orders: tuple[list[Profile], list[Profile]]
) -> None:
    one, other = (merge_profiles(customer, visitors, WORKSPACE) for visitors in orders)
    assert encode_profile(one) == encode_profile(other)


def test_what_the_customer_declares_wins_and_behaviour_adds_up() -> None:
    customer = Profile(
        {"tier": "gold"},
        {"brand": {"A": Decayed(4.0, Instant(0))}},
        {"stays": ActivityFigures(1, 10.0, Instant(5))},
        {"email": True},
    )
    visitor = Profile(
        {"tier": "none", "age": 3},
        {"brand": {"A": Decayed(1.0, Instant(86_400_000))}, "undeclared": {"x": Decayed(1.0, Instant(0))}},
        {"stays": ActivityFigures(2, 1.0, Instant(9)), "visits": ActivityFigures(7, 0.0, Instant(1))},
        {"email": False, "app": True},
    )
    refusing = Profile(consents={"app": False})
    assert merge_profiles(customer, [visitor, refusing], WORKSPACE) == Profile(
        {"tier": "gold", "age": 3},
        {"brand": {"A": Decayed(3.0, Instant(86_400_000))}},
        {"stays": ActivityFigures(3, 11.0, Instant(9)), "visits": ActivityFigures(7, 0.0, Instant(1))},
        {"email": True, "app": False},
    )


def test_one_subject_alone_stays_as_it_is() -> None:
    alone = Profile({"tier": "gold"})
    assert merge_profiles(alone, [], WORKSPACE) is alone
    assert merge_profiles(None, [alone], WORKSPACE) is alone
    assert merge_profiles(None, [], WORKSPACE) == Profile()
