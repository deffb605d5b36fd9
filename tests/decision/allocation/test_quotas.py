import numpy as np

from decision.allocation import UNLIMITED, Left, Pricing, Volumes, quotas, waves


def priced(prices: list[float], choices: list[int]) -> Pricing:
    return Pricing(np.array(prices), np.array(choices, np.int32)[:, None], 0.0, 0.0, ())


def test_waves_have_every_chunk_once_and_end_with_one_by_itself() -> None:
    for chunks in range(70):
        cut = waves(chunks, at_once=8)
        assert [chunk for wave in cut for chunk in wave] == list(range(chunks))
        assert all(len(wave) <= 8 for wave in cut)
        assert not cut or len(cut[-1]) == 1


def test_a_wave_shares_out_all_that_is_left_and_no_more() -> None:
    left = Left(np.array([7, 2, 0, UNLIMITED]), np.zeros(4, np.int64), 100)
    given = quotas(
        left, priced([1.0, 1.0, 1.0, 0.0], []), Volumes.of([[0]], 4), np.array([10, 10, 10]), np.zeros(4, int)
    )
    assert given[:, :3].sum(axis=0).tolist() == [7, 2, 0]
    assert np.ptp(given[:, 0]) <= 1
    assert (given[:, 3] == UNLIMITED).all()


def test_what_sampled_customers_should_take_comes_first() -> None:
    left = Left(np.array([3]), np.array([0]), 40)
    edges = np.array([0, 1, 4])
    given = quotas(left, priced([1.0], [-1, 0, 0, 0]), Volumes.of([[0]], 1), np.array([10, 10]), edges)
    assert given.ravel().tolist() == [0, 3]


def test_a_subsidised_place_gives_about_its_share_of_the_minimum() -> None:
    left = Left(np.array([UNLIMITED, 1_000]), np.array([400, 400]), 1_000)
    volumes, nobody = Volumes.of([[0], [1]], 2), np.zeros(3, int)
    given = quotas(left, priced([-1.0, 0.0], []), volumes, np.array([125, 125]), nobody).sum(axis=0)
    assert 100 <= given[0] <= 116
    assert given[1] == 1_000
    # The last wave owes what is left of it.
    last = quotas(left, priced([-1.0, 0.0], []), volumes, np.array([500, 500]), nobody).sum(axis=0)
    assert last[0] == 400


def test_shares_are_the_same_for_each_customer_and_never_too_few() -> None:
    left = Left(np.array([100, 7, 0, UNLIMITED]), np.zeros(4, np.int64), 50)
    shares = left.shares(np.array([10, 25]))
    assert shares.tolist() == [[20, 2, 0, UNLIMITED], [50, 4, 0, UNLIMITED]]
