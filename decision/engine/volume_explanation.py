"""Why volume limits kept an offer off: what of which limit is taken, or what it costs, told in words."""

import numpy as np

from decision.day import day_of
from decision.engine.cause import Cause
from decision.engine.terms import prices_of
from decision.engine.weighing import Weighing
from rules.facts import FactValue
from rules.ids import Instant
from rules.instant import tell_day
from rules.volume import VolumePlace


class VolumeTeller:
    """Tells of the volume limits of one weighed placement."""

    def __init__(self, weighing: Weighing, now: Instant) -> None:
        self._weighing = weighing
        self._now = now
        self._volumes = weighing.placement.bound.volumes
        self._room = dict(weighing.terms.room)

    def sold_out(self, candidate: int, row: int, above: bool = False) -> Cause:
        """The limit at a row of the volumes has no unit left for a candidate; `above`: offers above it use up the last.

        Where nothing could be reserved, how many are left is not known.
        """
        number = int(self._volumes.codes[row, candidate])
        place = self._volumes.places[number]
        limit, most = place.limit, place.most
        assert most is not None
        left = self._room.get(number)
        where = self._where(place)
        if left is None:
            sentence = f"{place.name}: no unit could be reserved{where} by the volume limit {limit.id}."
        else:
            left = max(left, 0)
            sentence = (
                f"{place.name}: {most - left} of {most} were taken or held{where}, by the volume limit {limit.id}."
            )
        if above:
            sentence += " The offers above use up what is left."
        if limit.because:
            sentence += f" {limit.because}"
        read: dict[str, FactValue | None] = {"at_most": most, "left": left, "within": limit.within}
        if limit.within == "day":
            read["zone"] = limit.zone
        if limit.counted_by is not None:
            read[f"offer.{limit.counted_by}"] = place.value
        return Cause(limit.id, limit.because, sentence, read)

    def left(self, candidate: int) -> tuple[str, ...]:
        """What is left for a candidate, at those of its places where that is little."""
        places = ((number, self._volumes.places[number]) for number in self._volumes.codes[:, candidate].tolist())
        return tuple(
            f"{place.limit.id}: {place.most - self._room[number]} of {place.most} were taken or held"
            + self._where(place)
            for number, place in places
            if number in self._room and place.most is not None
        )

    def outpriced(self, candidate: int) -> Cause:
        """A candidate is worth no more than what the places it counts towards cost together."""
        weighing, prices = self._weighing, self._weighing.terms.prices
        assert prices is not None
        everybody = np.ones(len(weighing.open), np.bool_)
        score = float(weighing.parts.scores(weighing.placement.bound.spec.arbitration, everybody)[candidate])
        price = float(prices_of(self._volumes, prices)[candidate])
        numbers = [number for number in self._volumes.codes[:, candidate].tolist() if number >= 0]
        dearest = self._volumes.places[max(numbers, key=lambda number: float(prices.by_place[number]))]
        sentence = (
            f"Its score {score:.6g} is no more than {price:.6g}, the price of the volume limits it counts towards."
        )
        return Cause(dearest.limit.id, dearest.limit.because, sentence, {"score": score, "price": price})

    def _where(self, place: VolumePlace) -> str:
        channel = "" if place.channel is None else f" on {place.channel}"
        if place.limit.within == "total":
            return channel
        zone = "" if place.limit.zone == "UTC" else f" ({place.limit.zone})"
        return f"{channel} on {tell_day(day_of(self._now, place.limit.zone))}{zone}"
