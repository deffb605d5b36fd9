"""`forest_vs_predict` and `forest_vs_treelite`: splits settled beforehand against walking the trees."""

from collections.abc import Callable, Iterator

import lightgbm
import numpy as np
from numpy.typing import NDArray

from loadtest.bench.effort import Effort
from loadtest.bench.errors import Mismatch
from loadtest.bench.figure import Absent, Figure, Outcome, Series, at_least, divide
from loadtest.bench.kernels.forest_case import LEAVES, ForestCase, grow, make_case
from loadtest.bench.peers import PeerAbsent, find_peer
from loadtest.bench.rounds import Contestant, take_turns

CASES = ((1000, 200), (100, 200), (10_000, 200), (1000, 50), (1000, 500))
"""Offers and trees; the first is the case that has an aim."""

AIM = 40.0


def measure_predict(effort: Effort) -> Iterator[Outcome]:
    """Against `Booster.predict`, on one thread; the scores must be equal bit for bit."""
    for number, case, title in forest_cases():
        check_bits(case)
        contestants: dict[str, Contestant] = {
            "ours": _ours(case), "predict": _predict(case, 1), "predict, two threads": _predict(case, 2),
        }  # fmt: skip
        times = take_turns(contestants, effort.rounds, effort.kernel_seconds)
        ratio = divide(times["predict"], times["ours"])
        yield Figure(
            name="forest_vs_predict",
            case=title,
            against=f"Booster.predict of LightGBM {lightgbm.__version__}, one thread",
            unit="µs",
            ratio=ratio,
            ours=_microseconds(times["ours"]),
            theirs=_microseconds(times["predict"]),
            checked=f"raw scores of {len(case.questions)} requests equal bit for bit",
            goals=(at_least("ratio", ratio, AIM),) if number == 0 else (),
            details={"predict, two threads, µs": _microseconds(times["predict, two threads"])},
            notes=(_shares(case),),
        )


def measure_treelite(effort: Effort) -> Iterator[Outcome]:
    """Against treelite's GTIL, on one thread; it sums in another order, so scores are compared to nine digits."""
    try:
        treelite, gtil = find_peer("treelite"), find_peer("treelite.gtil")
        find_peer("treelite.frontend")
    except PeerAbsent as error:
        yield Absent("forest_vs_treelite", str(error))
        return
    for _, case, title in forest_cases():
        model = treelite.frontend.from_lightgbm(case.booster)

        def peer(number: int, model: object = model, case: ForestCase = case) -> NDArray[np.float64]:
            question = case.questions[number % len(case.questions)]
            scores = gtil.predict(model, question.matrix, nthread=1, pred_margin=True)
            return np.asarray(scores, np.float64).reshape(-1)

        ours = _ours(case)
        for number in range(len(case.questions)):
            if not np.allclose(ours(number), peer(number), rtol=1e-9, atol=1e-12):
                raise Mismatch(f"treelite scores request {number} of {title} otherwise")
        times = take_turns({"ours": ours, "treelite": peer}, effort.rounds, effort.kernel_seconds)
        yield Figure(
            name="forest_vs_treelite",
            case=title,
            against=f"treelite {treelite.__version__} GTIL, one thread",
            unit="µs",
            ratio=divide(times["treelite"], times["ours"]),
            ours=_microseconds(times["ours"]),
            theirs=_microseconds(times["treelite"]),
            checked=f"raw scores of {len(case.questions)} requests equal to nine digits",
            notes=(_shares(case),),
        )


def forest_cases() -> Iterator[tuple[int, ForestCase, str]]:
    """Number, case and title of each size of forest and catalogue."""
    booster = grow(max(trees for _, trees in CASES))
    for number, (offers, trees) in enumerate(CASES):
        yield number, make_case(booster, trees, offers), f"{offers:,} offers, {trees} trees × {LEAVES} leaves"


def _ours(case: ForestCase) -> Callable[[int], NDArray[np.float64]]:
    def score(number: int) -> NDArray[np.float64]:
        question = case.questions[number % len(case.questions)]
        return case.bound.score(question.request, question.pair, case.rows)

    return score


def _predict(case: ForestCase, threads: int) -> Callable[[int], NDArray[np.float64]]:
    def predict(number: int) -> NDArray[np.float64]:
        matrix = case.questions[number % len(case.questions)].matrix
        return np.asarray(case.booster.predict(matrix, raw_score=True, num_threads=threads), np.float64)

    return predict


def check_bits(case: ForestCase) -> None:
    """Raises `Mismatch` when the kernel and predict differ in any bit of any score."""
    ours, predict = _ours(case), _predict(case, 1)
    for number in range(len(case.questions)):
        if ours(number).tobytes() != predict(number).tobytes():
            raise Mismatch(f"the kernel and Booster.predict score request {number} differently")


def _shares(case: ForestCase) -> str:
    return "splits on " + ", ".join(f"{name} features {share:.0%}" for name, share in case.shares.items())


def _microseconds(seconds: list[float]) -> Series:
    return Series.of([1e6 * each for each in seconds])
