from loadtest.bench.figure import Figure, Series, divide


def figure(ratio: float, aim: float | None, low: bool = False) -> Figure:
    one = Series.of([ratio])
    return Figure(
        name="f", case="c", against="a", unit="u", ratio=one, ours=one, theirs=one, checked="", aim=aim, low=low
    )


def test_a_series_keeps_its_rounds_and_their_spread() -> None:
    series = Series.of([3.0, 1.0, 2.0, 10.0, 2.5])
    assert (series.minimum, series.median, series.maximum) == (1.0, 2.5, 10.0)
    assert series.rounds == (3.0, 1.0, 2.0, 10.0, 2.5)


def test_ratios_are_taken_round_by_round() -> None:
    assert divide([10.0, 30.0, 8.0], [1.0, 10.0, 2.0]).rounds == (10.0, 3.0, 4.0)


def test_an_aim_is_reached_from_the_right_side() -> None:
    assert figure(40.0, 40.0).reached
    assert figure(39.9, 40.0).reached is False
    assert figure(2.1, 2.0, low=True).reached is False
    assert figure(1.0, None).reached is None
