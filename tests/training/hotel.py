"""The hotel world inside one process: our engine decides, its people answer by their own truth.

The assortment is a part of the hotel group's offers, every slate has one offer, and what is earned is a decision's
margin: so the value of a policy can be told exactly, visit by visit.
"""

import csv
import io
import random
from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np

from decision.decision_id import new_decision_id
from decision.engine.engine import decide
from decision.engine.request import ContextValue, DecisionRequest, ShownOffer
from decision.engine.slate import first_rank
from decision.engine.snapshot import Snapshot
from decision.engine.weighing import weigh
from decision.journal.record import DecisionRecord, EventRecord, OutcomeRecord, Record
from decision.subject.changing import apply_event, apply_outcome
from decision.subject.profile import EMPTY_PROFILE, AttributeValue, Profile, encode_profile
from loadtest.hotel.account import visit_context
from loadtest.hotel.arrival import accounts, pasts
from loadtest.hotel.behaviour import Behaviour, browsing
from loadtest.hotel.fatigue import Fatigue
from loadtest.hotel.offers import read_offers, workspace_folder
from loadtest.hotel.population import make_population
from loadtest.hotel.response import Truth
from loadtest.hotel.round import PLACEMENTS
from loadtest.hotel.visits import DAY, WEB, make_visits
from loadtest.hotel.world import World
from models.model import Model
from rules.contact import DECISION_KIND, contact_record, decision_tag, read_contacts
from rules.ids import CustomerId, DecisionId, GoalId, Instant, OfferId, PlacementId, VisitorId
from rules.instant import parse_instant
from rules.package import pack, unpack
from rules.workspace import CHANNELS

GOAL = GoalId("accept")
DAYS = 28
START = Instant(1_790_000_000_000 // DAY * DAY)
END = Instant(START + (DAYS + 7) * DAY)
"""When the window of the last visit has passed."""
EXPLORATION = "{ epsilon = 0.2, temperature = 0.4 }"
APPEAL = 1.5
"""Log-odds that every offer has more here than in the large world, so that fewer visits tell as much."""
_ANSWER_AFTER = 10 * 60_000
_ALWAYS = frozenset(
    ("lumen-breakfast", "kestrel-house-upgrade", "olivar-late-check-out", "lumen-upgrade", "kestrel-house-breakfast")
)
"""The offers that the workspace names as fallback."""


class Size(msgspec.Struct, frozen=True):
    """How many people there are, how often they come, and among how many offers is chosen."""

    guests: int = 1500
    visitors: int = 1500
    web: int = 6000
    calls: int = 4000
    mails: int = 1000
    offers: int = 60


class House:
    """One world, the catalogue it is decided with, and what is known of its people by now."""

    def __init__(self, seed: int, folder: Path, size: Size | None = None, exploration: str = EXPLORATION) -> None:
        size = size or Size()
        draw = np.random.default_rng([seed, 7])
        offers = _lines(draw, size.offers)
        (folder / "offers.csv").write_text(offers)
        toml = (workspace_folder() / "concierge.toml").read_text()
        for slots in ("slots = 3", "slots = 2"):
            toml = toml.replace(slots, "slots = 1")
        toml = toml.replace("{ epsilon = 0.05, temperature = 0.15 }", exploration)
        # Here enough is explored to tell gains, and they must be told.
        toml = toml.replace('untold = "predict"', 'untold = "refuse"')
        self.package = pack(toml.encode(), offers.encode(), "offers.csv")
        self.catalogue = unpack(self.package)
        shown = read_offers(folder / "offers.csv")
        people = make_population(size.guests, size.visitors, draw)
        visits = make_visits(people, size.web, size.calls, size.mails, DAYS, 6, draw)
        self.world = World(seed, START, shown, people, visits, Truth(shown, people, seed, np.full(len(shown), APPEAL)))
        self._row = shown.row
        self._drawn = random.Random(seed)
        self._fatigue = Fatigue(len(people))
        self._contacts: dict[int, bytes] = {}
        self._profiles = self._known_before()

    def __len__(self) -> int:
        return len(self.world.visits)

    def live(self, visits: Iterable[int], model: Model | None) -> list[Record]:
        """Visits met by a model (None: without one), and what became of them; people are changed by them."""
        snapshot = Snapshot.build(self.catalogue, {GOAL: model} if model else {})
        records: list[Record] = []
        for visit in visits:
            person, at = int(self.world.visits.person[visit]), self._moment(visit)
            profile = self._browsed(visit)
            if person < self.world.people.guests:
                self._profiles[person] = profile
            request, contacts = self._request(visit), self._contacts.get(person, b"")
            seed = self._drawn.getrandbits(63)
            decision = decide(request, profile, read_contacts(contacts), snapshot, at, seed)
            customer, visitor = self._subject(person)
            id = new_decision_id(at, self._drawn.getrandbits)
            records.append(
                DecisionRecord(
                    id=id,
                    written=at,
                    now=at,
                    seed=seed,
                    customer=customer,
                    visitor=visitor,
                    request=request,
                    profile=encode_profile(profile),
                    contacts=contacts,
                    catalogue=self.catalogue.version,
                    model=model.version if model else None,
                    decision=decision,
                )
            )
            for shown in decision.offers:
                records += self._answer(visit, id, shown)
        return records

    def value(self, visits: Iterable[int], model: Model | None) -> float:
        """What a model would earn per visit on people as they are now: the margin expected by the truth, exactly."""
        snapshot = Snapshot.build(self.catalogue, {GOAL: model} if model else {})
        return float(np.mean([self._expected(visit, snapshot) for visit in visits]))

    def question(self, visit: int) -> tuple[DecisionRequest, CustomerId | None, VisitorId | None]:
        """What is asked for a visit, and for whom."""
        return (self._request(visit), *self._subject(int(self.world.visits.person[visit])))

    def _expected(self, visit: int, snapshot: Snapshot) -> float:
        world, person = self.world, int(self.world.visits.person[visit])
        request, history = self._request(visit), read_contacts(self._contacts.get(person, b""))
        weighing = weigh(request, self._browsed(visit), history, snapshot, self._moment(visit))
        bound = weighing.placement.bound
        chances = first_rank(weighing.scores, weighing.open, bound.spec.exploration, bound.mandatory)[:-1]
        taken = np.flatnonzero(chances)
        rows = np.array([self._row[bound.offers.ids[candidate]] for candidate in taken], np.intp)
        tired = self._fatigue.of(person, int(world.visits.at[visit]))
        appeal = np.exp(world.truth.log_odds(world.visits, visit, rows, tired))
        return float(chances[taken] @ (appeal / (1.0 + appeal) * world.offers.margin[rows]))

    def _answer(self, visit: int, id: DecisionId, shown: ShownOffer) -> list[Record]:
        """What follows an offer: the contact, and the person's acceptance, which teaches the profile."""
        world, person = self.world, int(self.world.visits.person[visit])
        at, row = int(world.visits.at[visit]), self._row[shown.offer]
        tired = self._fatigue.of(person, at)
        self._fatigue.show(person, at, world.offers.theme[[row]])
        channel = CHANNELS[int(world.visits.channel[visit])]
        contact = contact_record(self._moment(visit), shown.offer, DECISION_KIND, channel, shown.rank, decision_tag(id))
        self._contacts[person] = self._contacts.get(person, b"") + contact
        if world.truth.choose(world.visits, visit, [row], tired) is None:
            return []
        answered = Instant(self._moment(visit) + _ANSWER_AFTER)
        customer, visitor = self._subject(person)
        margin = float(world.offers.margin[row])
        outcome = OutcomeRecord(f"{id}-1", answered, answered, id, shown.offer, "accept", customer, visitor, margin)
        contact = contact_record(answered, shown.offer, "accept", channel, shown.rank, decision_tag(id))
        self._contacts[person] += contact
        self._profiles[person] = self.taught(self._profiles.get(person, EMPTY_PROFILE), outcome)
        return [outcome]

    def taught(self, profile: Profile, outcome: OutcomeRecord) -> Profile:
        """The profile after an outcome."""
        assert outcome.offer is not None
        row = self.catalogue.offers.ids.index(outcome.offer)
        return apply_outcome(profile, self.catalogue.workspace, outcome, self.catalogue.offers, row)

    def _browsed(self, visit: int) -> Profile:
        """The profile of who visits, after looking around."""
        world, person = self.world, int(self.world.visits.person[visit])
        profile = self._profiles.get(person, EMPTY_PROFILE)
        if world.visits.channel[visit] != WEB:
            return profile
        seen = browsing(world.people, world.visits, visit, np.random.default_rng([world.seed, 4, visit]))
        return self._after(profile, person, seen)

    def _after(self, profile: Profile, person: int, behaviour: Iterable[Behaviour]) -> Profile:
        customer, visitor = self._subject(person)
        for number, done in enumerate(behaviour):
            at = Instant(START + done.at)
            attributes: dict[str, AttributeValue] = {**done.attributes}
            event = EventRecord(f"{person}-{at}-{number}", at, at, customer, visitor, done.kind, attributes, done.value)
            profile = apply_event(profile, self.catalogue.workspace, event)
        return profile

    def _known_before(self) -> dict[int, Profile]:
        """Every guest's account, stays and latest browsing."""
        known = {}
        for (guest, account), (_, past) in zip(accounts(self.world), pasts(self.world), strict=True):
            attributes: dict[str, AttributeValue] = {**account.attributes}
            if "member_since" in attributes:
                attributes["member_since"] = parse_instant(str(attributes["member_since"]))
            known[guest] = self._after(Profile(attributes, {}, {}, account.consents), guest, past)
        return known

    def _request(self, visit: int) -> DecisionRequest:
        plan = self.world.visits
        context: dict[str, ContextValue] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in visit_context(self.world.people, plan, visit).items()
        }
        return DecisionRequest(PlacementId(PLACEMENTS[int(plan.channel[visit])]), context)

    def _moment(self, visit: int) -> Instant:
        # A mailing decides for all at one moment; a split by time is to part it too.
        return Instant(START + int(self.world.visits.at[visit]) + visit)

    def _subject(self, person: int) -> tuple[CustomerId | None, VisitorId | None]:
        name = self.world.people.id(person)
        return (CustomerId(name), None) if person < self.world.people.guests else (None, VisitorId(name))


def _lines(draw: np.random.Generator, number: int) -> str:
    """The text of a part of the workspace's offers: so many that are live, the fallback among them."""
    with (workspace_folder() / "offers.csv").open(newline="") as lines:
        reader = csv.DictReader(lines)
        live = [row for row in reader if not row["ends"]]
    others = [row for row in live if row["id"] not in _ALWAYS]
    chosen = {int(place) for place in draw.permutation(len(others))[: number - len(_ALWAYS)]}
    kept = {OfferId(row["id"]) for place, row in enumerate(others) if place in chosen} | _ALWAYS
    text = io.StringIO()
    writer = csv.DictWriter(text, reader.fieldnames or (), lineterminator="\n")
    writer.writeheader()
    writer.writerows(row for row in live if row["id"] in kept)
    return text.getvalue()
