"""`forest_vs_vw`: the forest against a contextual bandit of Vowpal Wabbit over the same features."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loadtest.bench.effort import Effort
from loadtest.bench.errors import Mismatch
from loadtest.bench.figure import Absent, Figure, Outcome, Series, divide
from loadtest.bench.kernels.forest import forest_cases
from loadtest.bench.kernels.forest_case import OFFER, REQUEST, ForestCase
from loadtest.bench.peers import PeerAbsent, find_peer
from loadtest.bench.rounds import Contestant, take_turns

_LEARNED = 50
"""Decisions it learns from first, so that its weights are not all zero."""
_ARGUMENTS = "--cb_explore_adf --epsilon 0.05 -q so --quiet --random_seed 1"
"""Without the products of request and offer a linear policy would choose the same offer for everyone."""


def measure_vw(effort: Effort) -> Iterator[Outcome]:
    """Examples are parsed before the clock runs, which favours the peer: its text costs more than its prediction."""
    try:
        peer = find_peer("vowpalwabbit")
    except PeerAbsent as error:
        yield Absent("forest_vs_vw", str(error))
        return
    for _, case, title in forest_cases():
        bandit = peer.Workspace(_ARGUMENTS)
        try:
            yield _measure(effort, case, title, bandit, peer.__version__)
        finally:
            bandit.finish()


def _measure(effort: Effort, case: ForestCase, title: str, bandit: Any, version: str) -> Figure:
    texts = [_lines(question.matrix) for question in case.questions[:2]]
    random = np.random.default_rng(1)
    for number in range(_LEARNED):
        lines = list(texts[number % 2][:21])
        chosen = int(random.integers(1, len(lines)))
        lines[chosen] = f"0:{-float(random.random() < 0.3)}:0.05 {lines[chosen]}"
        bandit.learn(lines)
    parsed = [bandit.parse(lines) for lines in texts]

    def policy(number: int) -> list[float]:
        probabilities: list[float] = bandit.predict(parsed[number % len(parsed)])
        return probabilities

    def policy_with_text(number: int) -> list[float]:
        probabilities: list[float] = bandit.predict(texts[number % len(texts)])
        return probabilities

    def ours(number: int) -> NDArray[np.float64]:
        question = case.questions[number % len(case.questions)]
        return case.bound.score(question.request, question.pair, case.rows)

    for number in range(len(parsed)):
        chances = np.array(policy(number))
        if len(chances) != len(case.rows) or abs(chances.sum() - 1.0) > 1e-4 or (chances < 0).any():
            raise Mismatch("Vowpal Wabbit gave no distribution over the offers")
        expected = case.booster.predict(case.questions[number].matrix, raw_score=True)
        if ours(number).tobytes() != np.asarray(expected, np.float64).tobytes():
            raise Mismatch(f"the kernel and Booster.predict score request {number} differently")
    contestants: dict[str, Contestant] = {"ours": ours, "vw": policy, "text": policy_with_text}
    times = take_turns(contestants, effort.rounds, effort.kernel_seconds)
    for examples in parsed:
        bandit.finish_example(examples)
    return Figure(
        name="forest_vs_vw",
        case=title,
        against=f"Vowpal Wabbit {version} cb_explore_adf -q so, examples parsed beforehand",
        unit="µs",
        ratio=divide(times["vw"], times["ours"]),
        ours=Series.of([1e6 * each for each in times["ours"]]),
        theirs=Series.of([1e6 * each for each in times["vw"]]),
        checked="our scores equal predict's bit for bit; the peer's model is another, and gives a distribution",
        details={"with its text, µs": Series.of([1e6 * each for each in times["text"]])},
    )


def _lines(matrix: NDArray[np.float64]) -> list[str]:
    """A question in the peer's text format: the request's features once, then a line per offer."""
    shared = matrix[0, OFFER : OFFER + REQUEST]
    offers = [f"{_space('o', row[:OFFER])} {_space('p', row[OFFER + REQUEST :])}" for row in matrix]
    return ["shared " + _space("s", shared), *offers]


def _space(name: str, values: NDArray[np.float64]) -> str:
    """One name space; what is missing or zero is left out, as its format wants it."""
    features = [f"{name}{index}:{value:.6g}" for index, value in enumerate(values) if value and not np.isnan(value)]
    return f"|{name} {' '.join(features)}"
