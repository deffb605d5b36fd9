"""A placement bound to a catalogue: everything that depends on the offers alone is worked out once, at publish."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.contact import ContactHistory
from rules.contact_policy import PolicyBook
from rules.eligibility import RuleBook
from rules.expression import BoundProgram, Value
from rules.facts import Facts, FactValue
from rules.ids import Instant, OfferId, PlacementId
from rules.instant import format_instant
from rules.lever import LeverBook
from rules.offer import OfferTable
from rules.reason import Reason
from rules.screening import ScreenDetail, Screening, Tally
from rules.value_read import read_values, tell_values
from rules.workspace import Goal, Placement

Floats = NDArray[np.float64]


class Weights(msgspec.Struct, frozen=True, eq=False):
    """C, V and L of P × C × V × L per candidate.

    A context weight that cannot be evaluated, or is not finite, weighs 1; such a value is worth 0. `faults` names the
    settings that came to that for a candidate.
    """

    context: Floats
    value: Floats
    levers: Floats
    faults: tuple[str, ...] = ()


class BoundPlacement(msgspec.Struct, frozen=True, eq=False):
    """One placement over its candidates.

    `rows` are the candidates' rows in the catalogue and `offers` the same rows as a table; every array below has one
    element per candidate. `limits` has, per attribute of `at_most`, the codes of its values, -1 where absent.
    `mandatory` are indices of candidates. `left_out` gives the reason of every other row of the catalogue. `moments`
    are the paths that hold timestamps.
    """

    id: PlacementId
    spec: Placement
    goal: Goal
    rows: NDArray[np.intp]
    offers: OfferTable
    position: Mapping[OfferId, int]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    rules: RuleBook
    policies: PolicyBook
    levers: LeverBook
    weights: BoundProgram
    weighing: tuple[str, ...]
    limits: Mapping[str, NDArray[np.int32]]
    mandatory: tuple[int, ...]
    left_out: Mapping[int, Reason]
    moments: frozenset[str]

    def screen(
        self,
        facts: Facts,
        excluded: frozenset[OfferId],
        history: ContactHistory | None,
        now: Instant,
        consents: Mapping[str, bool],
    ) -> Screening:
        """The first reason against each candidate; `history` is None when it is unknown.

        In order: the offer's period, the request's exclusions, consent, eligibility, suitability, contact policy.
        """
        tally = Tally(len(self.rows))
        # The last verdict stays, so the last reason in the order comes first.
        for index, blocked in reversed(self.policies.blocks(history, now)):
            tally.set(blocked, Reason.CONTACT_POLICY, index)
        for failure in reversed(self.rules.failures(facts)):
            tally.set(failure.failed, self.rules.rules[failure.index].reason, failure.index)
            tally.set(failure.absent, Reason.ATTRIBUTE_ABSENT, failure.index)
        if self.spec.consent is not None and consents.get(self.spec.consent) is not True:
            tally.set(True, Reason.NO_CONSENT)
        if excluded:
            unwanted = np.zeros(len(self.rows), np.bool_)
            unwanted[[self.position[offer] for offer in excluded if offer in self.position]] = True
            tally.set(unwanted, Reason.EXCLUDED_BY_REQUEST)
        tally.set((now < self.starts) | (now >= self.ends), Reason.OUT_OF_PERIOD)
        return tally.screening()

    def weigh(self, facts: Facts, now: Instant) -> Weights:
        """C, V and L of every candidate."""
        parts: dict[str, Floats] = {}
        faults = []
        values = self.weights.run(facts) if self.weighing else ()
        for part, value in zip(self.weighing, values, strict=True):
            instead = 1.0 if part == "context_weight" else 0.0
            parts[part], faulty = _finite(value, instead, len(self.rows))
            if faulty:
                faults.append(part)
        ones = np.ones(len(self.rows))
        context, worth = parts.get("context_weight", ones), parts.get("value", ones)
        return Weights(context, worth, self.levers.weigh(now), tuple(faults))

    def explain(
        self,
        row: int,
        screening: Screening,
        facts: Facts,
        history: ContactHistory | None,
        now: Instant,
        consents: Mapping[str, bool] | None = None,
    ) -> ScreenDetail:
        """Why the candidate at index `row` was left out: the rule or entry, and the values that it read."""
        reason, detail = Reason(int(screening.reason[row])), int(screening.detail[row])
        if reason is Reason.CONTACT_POLICY:
            return self._explain_policy(row, detail, facts, history, now)
        if detail >= 0:
            return self._explain_rule(row, reason, detail, facts)
        read: dict[str, FactValue | None] = {}
        sentence = reason.sentence
        if reason is Reason.OUT_OF_PERIOD:
            read = self._read(("offer.starts", "offer.ends"), facts, row)
            read["now"] = format_instant(now)
            sentence = f"{sentence} ({tell_values(read)})"
        elif reason is Reason.NO_CONSENT and self.spec.consent is not None:
            read = {f"consent.{self.spec.consent}": (consents or {}).get(self.spec.consent)}
            sentence = f"{sentence} ({tell_values(read)})"
        return ScreenDetail(self.offers.ids[row], reason, "", "", read, sentence)

    def _explain_rule(self, row: int, reason: Reason, index: int, facts: Facts) -> ScreenDetail:
        bound = self.rules.rules[index]
        read = self._read(bound.holds.reads, facts, row)
        said = f": {bound.rule.because}" if bound.rule.because else "."
        verdict = "cannot be evaluated" if reason is Reason.ATTRIBUTE_ABSENT else "does not hold"
        sentence = f"The {bound.rule.kind} rule {bound.rule.id} {verdict}{said} ({tell_values(read)})"
        return ScreenDetail(self.offers.ids[row], reason, bound.rule.id, bound.rule.because, read, sentence)

    def _explain_policy(
        self, row: int, index: int, facts: Facts, history: ContactHistory | None, now: Instant
    ) -> ScreenDetail:
        entry = self.policies.policies[index].entry
        counted = None if history is None else self.policies.count(index, row, history, now)
        read: dict[str, FactValue | None] = {"count": counted, "at_most": entry.at_most, "within": entry.within}
        per = ""
        if entry.per is not None:
            read |= self._read((f"offer.{entry.per}",), facts, row)
            per = f" per {entry.per}"
        said = f" {entry.because}" if entry.because else ""
        were = "how many there were could not be read" if counted is None else f"there were {counted}"
        sentence = (
            f"The contact policy {entry.id} allows {entry.at_most} of {entry.count} within {entry.within}{per}, "
            f"and {were}.{said}"
        )
        return ScreenDetail(self.offers.ids[row], Reason.CONTACT_POLICY, entry.id, entry.because, read, sentence)

    def _read(self, paths: Sequence[str], facts: Facts, row: int) -> dict[str, FactValue | None]:
        return read_values(paths, facts, self.offers, row, self.moments)


def _finite(value: Value, instead: float, candidates: int) -> tuple[Floats, bool]:
    data = value.data if isinstance(value.data, np.ndarray) else np.full(candidates, value.data)
    numbers = np.asarray(data, np.float64)
    usable = np.isfinite(numbers) & ~value.error
    return (numbers, False) if usable.all() else (np.where(usable, numbers, instead), True)
