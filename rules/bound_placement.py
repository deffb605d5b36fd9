"""A placement bound to a catalogue: everything that depends on the offers alone is worked out once, at publish."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.column import value_at
from rules.contact_counter import ContactCounters
from rules.contact_policy import PolicyBook
from rules.contact_standing import Standing
from rules.contact_tally import ContactTally, Counts, Standings
from rules.eligibility import RuleBook
from rules.facts import Facts, FactValue
from rules.first_reason import Objections, find
from rules.ids import Instant, OfferId, PlacementId
from rules.instant import format_instant
from rules.lever import LeverBook
from rules.offer import OfferTable
from rules.reason import Reason
from rules.screening import ScreenDetail, Screening
from rules.value_read import read_values, tell_values
from rules.volume import BoundVolumes
from rules.weight import WeightBook, Weights
from rules.workspace import ContactPolicy, Goal, Placement

_NOBODY = np.empty(0, np.intp)
_NO_VERDICTS = np.empty((0, 0), np.uint8)


class BoundPlacement(msgspec.Struct, frozen=True, eq=False):
    """One placement over its candidates.

    `rows` are the candidates' rows in the catalogue and `offers` the same rows as a table; every array below has one
    element per candidate. `tally` counts contacts for `policies` and, after them, for `counters`. `limits` has, per
    attribute of `at_most`, the codes of its values, -1 where absent. `mandatory` are indices of candidates. `left_out`
    gives the reason of every other row of the catalogue. `moments` are the paths that hold timestamps. `outside` flags
    the candidates that an arm of an experiment leaves out, if this is how it has the placement.
    """

    id: PlacementId
    spec: Placement
    goal: Goal
    rows: NDArray[np.intp]
    offers: OfferTable
    position: Mapping[OfferId, int]
    tally: ContactTally
    counters: ContactCounters
    rules: RuleBook
    policies: PolicyBook
    objections: Objections
    levers: LeverBook
    weights: WeightBook
    volumes: BoundVolumes
    limits: Mapping[str, NDArray[np.int32]]
    mandatory: tuple[int, ...]
    left_out: Mapping[int, Reason]
    moments: frozenset[str]
    outside: NDArray[np.bool_] | None = None

    def screen(
        self,
        verdicts: NDArray[np.uint8],
        excluded: frozenset[OfferId],
        counts: Counts | None,
        now: Instant,
        consents: Mapping[str, bool],
    ) -> Screening:
        """The first reason against each candidate; `counts` are its `tally`'s, None when the history is unknown.

        `verdicts` (rules × candidates) is what the rules' conditions say: `FAILS`, `ABSENT` or `HOLDS`.
        In order: the offer's period, the request's exclusions, consent, the rules (preference, eligibility,
        suitability), and the contact policy, entry by entry. With an unknown history an entry of the policy blocks
        every candidate that it counts, for it may be used up.
        """
        refused = self.spec.consent is not None and consents.get(self.spec.consent) is not True
        unwanted = excluded and [self.position[offer] for offer in excluded if offer in self.position]
        number = len(self.rows)
        reason, detail, passes = np.empty(number, np.uint8), np.empty(number, np.int16), np.empty(number, np.bool_)
        rows = np.empty(number, np.intp)
        passing = find(
            now,
            self.objections.block,
            np.array(unwanted, np.intp) if unwanted else _NOBODY,
            refused,
            _NO_VERDICTS if refused else verdicts,
            self.policies.exhausted if counts is None else counts,
            reason,
            detail,
            passes,
            rows,
        )
        found = Screening(reason, detail, passes, rows[:passing])
        return found if self.outside is None else found.closed(Reason.NOT_A_CANDIDATE, self.outside)

    def weigh(self, facts: Facts, now: Instant) -> Weights:
        """C, V and L of every candidate."""
        return self.weights.weigh(facts, self.levers.weigh(now))

    def explain(
        self,
        row: int,
        screening: Screening,
        facts: Facts,
        standings: Standings | None,
        now: Instant,
        consents: Mapping[str, bool] | None = None,
    ) -> ScreenDetail:
        """Why the candidate at index `row` was left out: the rule or entry, and the values that it read.

        `standings` are its `tally`'s, None when the history is unknown.
        """
        reason, detail = Reason(int(screening.reason[row])), int(screening.detail[row])
        if reason is Reason.CONTACT_POLICY:
            return self._explain_policy(row, detail, facts, standings)
        if detail >= 0:
            return self._explain_rule(row, reason, detail, facts)
        read: dict[str, FactValue | None] = {}
        sentence = reason.sentence
        if reason is Reason.OUT_OF_PERIOD:
            read = self._read(("offer.starts", "offer.ends"), facts, row)
            read["now"] = format_instant(now)
            sentence = f"{sentence} ({tell_values(read)})"
        elif reason is Reason.NOT_A_CANDIDATE:
            sentence = "The candidates of this arm of the experiment leave this offer out."
        elif reason is Reason.NO_CONSENT and self.spec.consent is not None:
            read = {f"consent.{self.spec.consent}": (consents or {}).get(self.spec.consent)}
            sentence = f"{sentence} ({tell_values(read)})"
        return ScreenDetail(self.offers.ids[row], reason, "", "", read, sentence)

    def tell_standings(self, row: int, standings: Standings | None) -> tuple[str, ...]:
        """Where entries that remember, or count impressions, stand for the candidate at `row`, if they count it."""
        if standings is None:
            return ()
        return tuple(
            standings.of(index, int(policy.candidates[row])).tell(policy.entry, self._counted_by(policy.entry, row))
            for index, policy in enumerate(self.policies.policies)
            if (policy.entry.remembers or policy.entry.waits) and policy.candidates[row] >= 0
        )

    def _explain_rule(self, row: int, reason: Reason, index: int, facts: Facts) -> ScreenDetail:
        bound = self.rules.rules[index]
        read = self._read(bound.holds.reads, facts, row)
        said = f": {bound.rule.because}" if bound.rule.because else "."
        verdict = "cannot be evaluated" if reason is Reason.ATTRIBUTE_ABSENT else "does not hold"
        sentence = f"The {bound.rule.kind} rule {bound.rule.id} {verdict}{said} ({tell_values(read)})"
        return ScreenDetail(self.offers.ids[row], reason, bound.rule.id, bound.rule.because, read, sentence)

    def _explain_policy(self, row: int, index: int, facts: Facts, standings: Standings | None) -> ScreenDetail:
        policy = self.policies.policies[index]
        entry = policy.entry
        standing = None if standings is None else standings.of(index, int(policy.candidates[row]))
        read = Standing.unread(entry) if standing is None else standing.read(entry)
        if entry.per is not None:
            read |= self._read((f"offer.{entry.per}",), facts, row)
        said = f" {entry.because}" if entry.because else ""
        if standing is not None and entry.remembers:
            sentence = f"{standing.tell(entry, self._counted_by(entry, row))}, by the contact policy {entry.id}.{said}"
        else:
            per = "" if entry.per is None else f" per {entry.per}"
            were = "how many there were could not be read" if standing is None else f"there were {standing.count}"
            if standing is not None and standing.pending:
                were += f", {standing.pending} of them pending"
            sentence = (
                f"The contact policy {entry.id} allows {entry.at_most} of {entry.count} within {entry.within}{per}, "
                f"and {were}.{said}"
            )
        return ScreenDetail(self.offers.ids[row], Reason.CONTACT_POLICY, entry.id, entry.because, read, sentence)

    def _counted_by(self, entry: ContactPolicy, row: int) -> str:
        """The value under which an entry counts a candidate."""
        return "all offers" if entry.per is None else str(value_at(self.offers.columns[entry.per], row))

    def _read(self, paths: Sequence[str], facts: Facts, row: int) -> dict[str, FactValue | None]:
        return read_values(paths, facts, self.offers, row, self.moments)
