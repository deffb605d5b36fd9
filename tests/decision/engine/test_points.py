from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from decision.engine.points import points_of

MASK = 2**64 - 1


def split_mix(seed: int, count: int) -> list[int]:
    """SplitMix64 as published, in whole numbers of any size."""
    numbers = []
    for at in range(1, count + 1):
        mixed = (seed + at * 0x9E3779B97F4A7C15) & MASK
        mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & MASK
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & MASK
        numbers.append(mixed ^ mixed >> 31)
    return numbers


def test_the_plain_generator_gives_the_numbers_that_others_publish() -> None:
    assert split_mix(1234567, 3) == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@given(st.integers(-(2**63), 2**64), st.integers(0, 9))
def test_points_are_the_first_53_bits_of_the_numbers_of_the_seed(seed: int, ranks: int) -> None:
    numbers = [(number >> 11) / 2**53 for number in split_mix(seed % 2**63, 2 * ranks)]
    assert points_of(seed, ranks).ravel().tolist() == numbers


def test_points_of_neighbouring_seeds_are_uniform() -> None:
    points = [points_of(seed, 1)[0] for seed in range(4000)]
    assert kstest([to_explore for to_explore, _ in points], "uniform").pvalue > 1e-3
    assert kstest([point for _, point in points], "uniform").pvalue > 1e-3
