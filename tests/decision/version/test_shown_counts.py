"""Rates of increments: what shown offers brought beyond what came where nothing was shown."""

from collections import defaultdict
from math import sqrt
from pathlib import Path

import pytest

from decision.journal.reading import open_journal
from decision.service.admission import admit
from decision.service.question import DecisionQuestion, OutcomeReport
from decision.version.shown_counts import ShownCounts, count_shown
from models.artefact import decode_artefact
from models.rates import STRENGTH
from rules.ids import GoalId, Instant, OfferId, PlacementId
from tests.decision.small_workspace import FOLDER
from tests.decision.version.test_rates_job import DAY, Bench

PLACES = (PlacementId("home"), PlacementId("call"))


class Increments(Bench):
    """The same bench, whose goal is to increase something, and whose placements explore alone."""

    async def publish(self) -> None:
        toml = (FOLDER / "concierge.toml").read_text()
        toml = toml.replace('value = "offer.margin"', 'objective = "increment"')
        for explored in ("epsilon = 0.1, temperature = 0.3", "epsilon = 0.0, temperature = 0.0"):
            toml = toml.replace(explored, "epsilon = 1.0")
        offers = (FOLDER / "offers.csv").read_bytes()
        await self.concierge.publishing.publish_workspace(toml.encode(), offers, "offers.csv")
        await self.concierge.refresher.refresh()

    async def drive(self, decisions: int) -> None:
        """Decide; what follows an offer is worth its rank and the turn, what follows none is worth two or nothing."""
        self.worth: dict[tuple[str, str], list[float]] = defaultdict(list)
        for turn in range(decisions):
            placement = PLACES[turn % 2]
            ask = admit(DecisionQuestion(placement), self.concierge.refresher.snapshot, self.concierge.clock())
            answer = await self.concierge.deciding.decide(ask)
            worths = {str(shown.offer): 1.0 + shown.rank + turn % 5 for shown in answer.offers}
            for offer, worth in (worths or {"": 2.0 * (turn % 3)}).items():
                self.worth[placement, offer].append(worth)
                named = OfferId(offer) if offer else None
                if worth:
                    report = OutcomeReport(f"{turn}-{offer}", answer.decision, "accept", named, value=worth)
                    await self.concierge.intake.outcomes([report])


@pytest.fixture
async def bench(tmp_path: Path) -> Increments:
    bench = Increments(tmp_path)
    await bench.publish()
    return bench


def counted(bench: Bench) -> ShownCounts:
    snapshot = bench.concierge.refresher.snapshot
    assert snapshot is not None
    with open_journal(bench.folder) as journal:
        return count_shown(journal, snapshot.catalogue, GoalId("accept"), "")


async def test_what_follows_showing_nothing_is_taken_off(bench: Increments) -> None:
    await bench.drive(400)
    bench.now = Instant(bench.now + 7 * DAY)
    ask = admit(DecisionQuestion(PLACES[0]), bench.concierge.refresher.snapshot, bench.concierge.clock())
    await bench.concierge.deciding.decide(ask)
    (version,) = (await bench.look()).values()
    none = {place: bench.worth[place, ""] for place in PLACES}
    assert all(none.values())
    shown = {key: worths for key, worths in bench.worth.items() if key[1]}
    found = counted(bench)
    assert len(found.counts) == len(shown)
    for count in found.counts:
        worths, without = shown[count.placement, count.offer], none[count.placement]
        baseline = sum(without) / (len(without) + STRENGTH)
        assert count.trials == len(worths)
        assert count.total == pytest.approx(sum(worths) - len(worths) * baseline)
    every = [worth for worths in shown.values() for worth in worths]
    mean = sum(every) / len(every)
    spread = sqrt(sum((worth - mean) ** 2 for worth in every) / len(every))
    assert found.variation == pytest.approx(spread / (sum(count.total for count in found.counts) / len(every)))
    artefact = decode_artefact(await bench.registry.get("model", version))
    assert (artefact.objective, artefact.variation) == ("increment", found.variation)
    assert artefact.evidence_by_offer == found.by_offer
    assert sum(found.by_offer.values()) == artefact.evidence == len(every)


async def test_a_journal_without_outcomes_says_nothing_of_their_variation(bench: Increments) -> None:
    assert await bench.look() == {}
    found = counted(bench)
    assert (found.counts, found.variation, found.by_offer) == ((), 0.0, {})
