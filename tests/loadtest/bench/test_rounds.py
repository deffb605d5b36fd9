import time

from loadtest.bench.rounds import take_turns


def test_contestants_take_turns_and_another_one_begins_each_round() -> None:
    order: list[str] = []

    def contestant(name: str, seconds: float) -> object:
        def call(_: int) -> None:
            if not order or order[-1] != name:
                order.append(name)
            time.sleep(seconds)

        return call

    quick, slow = contestant("quick", 0.0), contestant("slow", 0.005)
    times = take_turns({"quick": quick, "slow": slow}, rounds=3, seconds=0.01)  # type: ignore[dict-item]
    assert [len(rounds) for rounds in times.values()] == [3, 3]
    assert min(times["slow"]) >= 0.005 > max(times["quick"])
    # The first calls warm up, in order; then the one that ended a round begins the next.
    assert order == ["quick", "slow", "quick", "slow", "quick", "slow"]
