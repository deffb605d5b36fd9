"""`rules_vs_zen`: rules bound to the offers against an engine that takes one offer at a time."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from loadtest.bench.effort import Effort
from loadtest.bench.errors import Mismatch
from loadtest.bench.figure import Absent, Figure, Outcome, Series, at_least, at_most, divide
from loadtest.bench.kernels.rule_case import RuleCase, make_rules
from loadtest.bench.peers import PeerAbsent, find_peer, peer_versions
from loadtest.bench.rounds import take_turns

AIM = 300.0
"""How many times as fast ten rules should be."""

MICROSECONDS = {1: 10.0, 100: 300.0}
"""How long so many rules may take over all offers; of one, microseconds are wanted, which is read as ten."""

_COUNTS = (10, 1, 100)


def measure_rules(effort: Effort) -> Iterator[Outcome]:
    """Compiled rules on both sides; verdicts are equal for every rule, offer and question before the clock runs.

    The peer is asked in the better of its two ways: one call per rule and offer, or one call per rule that maps over
    the offers inside the engine.
    """
    try:
        zen = find_peer("zen")
    except PeerAbsent as error:
        yield Absent("rules_vs_zen", str(error))
        return
    version = peer_versions()["zen-engine"]
    for count in _COUNTS:
        case = make_rules(count)
        single, mapped = _single(zen, case), _mapped(zen, case)
        offers = len(case.inputs[0])
        for number in range(len(case.questions)):
            ours = np.array([np.broadcast_to(verdict, offers) for verdict in case.verdicts(number)])
            for theirs in (np.array(single(number)), np.array(mapped(number))):
                if not np.array_equal(ours, theirs):
                    rule, row = np.argwhere(ours != theirs)[0]
                    raise Mismatch(f"ZEN's verdict on offer {row} is another one: {case.sources[rule]}")
        contestants = {"ours": case.verdicts, "single": single, "mapped": mapped}
        times = take_turns(contestants, effort.rounds, effort.kernel_seconds)
        best = min(("single", "mapped"), key=lambda way: sum(times[way]))
        ratio, microseconds = divide(times[best], times["ours"]), _microseconds(times["ours"])
        goals = [at_least("ratio", ratio, AIM)] if count == 10 else []
        if count in MICROSECONDS:
            goals.append(at_most("ours, µs", microseconds, MICROSECONDS[count]))
        yield Figure(
            name="rules_vs_zen",
            case=f"{count} rule{'s' if count > 1 else ''}, {offers:,} offers",
            against=f"ZEN engine {version}, compiled, "
            + ("a call per rule and offer" if best == "single" else "a call per rule, mapping over the offers"),
            unit="µs",
            ratio=ratio,
            ours=microseconds,
            theirs=_microseconds(times[best]),
            checked=f"verdicts of {len(case.questions)} questions equal for every rule and offer",
            goals=tuple(goals),
            details={
                "a call per rule and offer, µs": _microseconds(times["single"]),
                "a call per rule, µs": _microseconds(times["mapped"]),
            },
        )


def _single(zen: Any, case: RuleCase) -> Callable[[int], list[list[bool]]]:
    compiled = [zen.compile_expression(source) for source in case.sources]

    def verdicts(number: int) -> list[list[bool]]:
        inputs = case.inputs[number % len(case.inputs)]
        return [[rule.evaluate(one) for one in inputs] for rule in compiled]

    return verdicts


def _mapped(zen: Any, case: RuleCase) -> Callable[[int], list[list[bool]]]:
    sources = [f"map(offers, {source.replace('offer.', '#.')})" for source in case.sources]
    compiled = [zen.compile_expression(source) for source in sources]
    whole = [{**inputs[0], "offers": [one["offer"] for one in inputs]} for inputs in case.inputs]
    for each in whole:
        del each["offer"]

    def verdicts(number: int) -> list[list[bool]]:
        return [rule.evaluate(whole[number % len(whole)]) for rule in compiled]

    return verdicts


def _microseconds(seconds: list[float]) -> Series:
    return Series.of([1e6 * each for each in seconds])
