"""Why each offer of a weighed placement was shown or not: its verdict, what decided, and the values read."""

from collections.abc import Mapping
from math import isnan

import numpy as np

from decision.engine.cause import Cause
from decision.engine.explained_offer import ExplainedOffer, FurtherWorth
from decision.engine.limit import Limit
from decision.engine.slate import Place, Slate
from decision.engine.snapshot import Snapshot
from decision.engine.terms import prices_of
from decision.engine.verdict import verdicts
from decision.engine.volume_explanation import VolumeTeller
from decision.engine.weighing import Weighing
from models.feature import string_code
from rules.contact_tally import Standings
from rules.expression import compile_expression
from rules.facts import Facts, FactValue
from rules.ids import Instant
from rules.offer import OfferTable
from rules.reason import Reason
from rules.screening import Screening
from rules.value_read import read_values, tell_values

FeatureWords = Mapping[str, float | str | None]


def explain_candidates(weighing: Weighing, slate: Slate, snapshot: Snapshot, now: Instant) -> list[ExplainedOffer]:
    """Every candidate of the placement, in catalogue order."""
    places = {place.candidate: (rank, place) for rank, place in enumerate(slate.places, start=1)}
    features = _features(weighing, snapshot)
    history = weighing.history
    standings = None if history is None else weighing.placement.bound.tally.standings(history, now)
    offers = []
    prices = weighing.terms.prices
    costs = None if prices is None else prices_of(weighing.placement.bound.volumes, prices).tolist()
    for row, code in enumerate(verdicts(weighing, slate).tolist()):
        cause = _cause(Reason(code), row, weighing, slate, standings, now)
        rank, place = places.get(row, (None, None))
        price = None if costs is None else costs[row]
        offers.append(_explained(row, Reason(code), cause, rank, place, weighing, now, features[row], price))
    return offers


def explain_left_out(weighing: Weighing, snapshot: Snapshot) -> list[ExplainedOffer]:
    """Every offer of the catalogue that is no candidate of the placement, in catalogue order."""
    bound, catalogue = weighing.placement.bound, snapshot.catalogue
    paths = compile_expression(bound.spec.candidates, catalogue.schema, gives="bool").reads
    offers = []
    for row, reason in sorted(bound.left_out.items()):
        if reason is Reason.NOT_A_CANDIDATE:
            read = read_values(paths, weighing.facts, catalogue.offers, row, bound.moments)
            cause = Cause("candidates", bound.spec.candidates, _with_values(reason.sentence, read), read)
        else:
            cause = Cause("exclude", "", reason.sentence)
        offers.append(
            ExplainedOffer(
                offer=catalogue.offers.ids[row],
                status="not_shown",
                reason=reason.slug,
                sentence=cause.sentence,
                rule=cause.rule,
                because=cause.because,
                read=cause.read,
            )
        )
    return offers


def _explained(
    row: int,
    reason: Reason,
    cause: Cause,
    rank: int | None,
    place: Place | None,
    weighing: Weighing,
    now: Instant,
    features: FeatureWords,
    price: float | None,
) -> ExplainedOffer:
    bound, parts = weighing.placement.bound, weighing.parts
    weighed = bool(weighing.open[row])
    prediction = float(weighing.prediction[row])
    return ExplainedOffer(
        offer=bound.offers.ids[row],
        status="shown" if place else "not_shown",
        reason=reason.slug,
        sentence=cause.sentence,
        rank=rank,
        rule=cause.rule,
        because=cause.because,
        read=cause.read,
        contact_policy=cause.contact_policy,
        volume_limits=VolumeTeller(weighing, now).left(row) if weighed else (),
        probability=place.probability if place else None,
        score=float(weighing.scores[row]) if weighed else None,
        propensity=None if bound.goal.objective != "response" or isnan(prediction) else prediction,
        context=float(parts.context[row]) if weighed else None,
        value=float(parts.value[row]) if weighed else None,
        levers=float(parts.levers[row]) if weighed else None,
        further=_further(weighing, row) if weighed else (),
        optimism=float(parts.optimism[row]) if weighed and parts.optimism is not None else None,
        price=price,
        levers_in_force=tuple(lever.id for lever in bound.levers.in_force(row, now)),
        features=features,
    )


def _further(weighing: Weighing, row: int) -> tuple[FurtherWorth, ...]:
    goals = {goal.id: goal for goal in weighing.placement.further}
    return tuple(
        FurtherWorth(
            each.goal,
            each.weight,
            float(each.propensity[row]) if goals[each.goal].gives_propensity else None,
            float(each.value[row]),
        )
        for each in weighing.parts.further
    )


def _cause(
    reason: Reason, row: int, weighing: Weighing, slate: Slate, standings: Standings | None, now: Instant
) -> Cause:
    bound = weighing.placement.bound
    if slate.held_by[row] >= 0:
        return _held(row, weighing, weighing.limits.each[slate.held_by[row]], standings, now)
    if reason is Reason.SOLD_OUT:
        return VolumeTeller(weighing, now).sold_out(row, int(weighing.screening.detail[row]))
    if reason is Reason.OUTPRICED:
        return VolumeTeller(weighing, now).outpriced(row)
    if not weighing.open[row]:
        detail = bound.explain(row, weighing.screening, weighing.facts, standings, now, weighing.profile.consents)
        return Cause(detail.rule, detail.because, detail.sentence, detail.read)
    rule = "mandatory" if reason is Reason.MANDATORY else ""
    sentence = reason.sentence
    if reason is Reason.OUTRANKED and slate.ended:
        sentence = "Showing nothing was drawn instead, to learn what comes of that."
    return Cause(rule, "", sentence, contact_policy=bound.tell_standings(row, standings))


def _held(row: int, weighing: Weighing, limit: Limit, standings: Standings | None, now: Instant) -> Cause:
    """The limit that the offers above used up, and what it read of the candidate."""
    bound = weighing.placement.bound
    if limit.reason is Reason.CONTACT_POLICY:
        reason, index = np.full(len(weighing.open), limit.reason), np.full(len(weighing.open), limit.detail)
        screening = Screening.of(reason, index, weighing.open)
        detail = bound.explain(row, screening, weighing.facts, standings, now)
        sentence = f"{detail.sentence} The offers above use up what is left."
        return Cause(detail.rule, detail.because, sentence, detail.read)
    if limit.reason is Reason.SOLD_OUT:
        return VolumeTeller(weighing, now).sold_out(row, limit.detail, above=True)
    name = tuple(bound.limits)[limit.detail]
    read = read_values((f"offer.{name}",), weighing.facts, bound.offers, row, bound.moments)
    read["at_most"] = bound.spec.at_most[name]
    return Cause(f"at_most.{name}", "", _with_values(limit.reason.sentence, read), read)


def _with_values(sentence: str, read: dict[str, FactValue | None]) -> str:
    return f"{sentence} ({tell_values(read)})" if read else sentence


def _features(weighing: Weighing, snapshot: Snapshot) -> list[FeatureWords]:
    specs = snapshot.features.specs
    words = _words_by_code(weighing.placement.bound.offers, weighing.facts)
    matrix = weighing.features.matrix(np.arange(len(weighing.open))).tolist()
    return [
        {
            spec.name: None if isnan(number) else words.get(number, number) if spec.categorical else number
            for spec, number in zip(specs, row, strict=True)
        }
        for row in matrix
    ]


def _words_by_code(offers: OfferTable, facts: Facts) -> dict[float, str]:
    """The strings that a feature of this request can have come from, by their code."""
    words = {word for column in offers.columns.values() for word in column.words}
    words.update(value for value in facts.values() if isinstance(value, str))
    return {string_code(word): word for word in words}
