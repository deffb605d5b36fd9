"""`forest_binding`: how long a catalogue takes to be bound to a forest, which every publish and every swap does."""

from collections.abc import Iterator

import lightgbm

from loadtest.bench.effort import Effort
from loadtest.bench.figure import Figure, Outcome, Series, at_most, divide
from loadtest.bench.kernels.forest import check_bits, forest_cases
from loadtest.bench.kernels.forest_case import ForestCase, bind_case
from loadtest.bench.rounds import Contestant, take_turns
from models.forest import BoundForest, Forest, parse_forest

AIM_SECONDS = 1.0


def measure_binding(effort: Effort) -> Iterator[Outcome]:
    """Against LightGBM's reading of the same model, which a service that predicts with it has to wait for, too."""
    for number, case, title in forest_cases():
        check_bits(case)
        times = take_turns(_contestants(case), effort.rounds, effort.kernel_seconds)
        seconds = Series.of(times["bind"])
        yield Figure(
            name="forest_binding",
            case=title,
            against=f"LightGBM {lightgbm.__version__} reading the same model's text",
            unit="s",
            ratio=divide(times["lightgbm"], times["bind"]),
            ours=seconds,
            theirs=Series.of(times["lightgbm"]),
            checked="what the bound forest scores equals predict bit for bit",
            goals=(at_most("seconds", seconds, AIM_SECONDS),) if number == 0 else (),
            details={"reading the text ourselves, s": Series.of(times["parse"])},
        )


def _contestants(case: ForestCase) -> dict[str, Contestant]:
    forest = parse_forest(case.text)

    def bind(_: int) -> BoundForest:
        return bind_case(forest, case.table)

    def parse(_: int) -> Forest:
        return parse_forest(case.text)

    def read(_: int) -> lightgbm.Booster:
        return lightgbm.Booster(model_str=case.text)

    return {"bind": bind, "parse": parse, "lightgbm": read}
