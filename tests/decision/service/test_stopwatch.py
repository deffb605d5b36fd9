from decision.service.stopwatch import Stopwatch


def test_each_stage_takes_the_time_since_the_one_before_and_repetitions_add_up() -> None:
    readings = iter([3.0, 3.5, 5.5, 6.0])
    watch = Stopwatch(lambda: next(readings), 1.0)
    for stage in ("admit", "load", "facts", "load"):
        watch(stage)
    assert list(watch.stages.items()) == [("admit", 2.0), ("load", 1.0), ("facts", 2.0)]
