from loadtest.bench.figure import Series, at_least, at_most, divide


def test_a_series_keeps_its_rounds_and_their_spread() -> None:
    series = Series.of([3.0, 1.0, 2.0, 10.0, 2.5])
    assert (series.minimum, series.median, series.maximum) == (1.0, 2.5, 10.0)
    assert series.rounds == (3.0, 1.0, 2.0, 10.0, 2.5)


def test_ratios_are_taken_round_by_round() -> None:
    assert divide([10.0, 30.0, 8.0], [1.0, 10.0, 2.0]).rounds == (10.0, 3.0, 4.0)


def test_a_goal_is_met_from_the_right_side_and_by_the_median() -> None:
    series = Series.of([1.0, 40.0, 90.0])
    assert at_least("ratio", series, 40.0).met
    assert not at_least("ratio", series, 40.1).met
    assert at_most("ms", series, 40.0).met
    assert not at_most("ms", series, 39.9).met
