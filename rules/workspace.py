"""The declarative workspace: what a marketer and an engineer keep in git, as frozen structs."""

from typing import Literal

import msgspec

from rules.care import Care
from rules.choice import ARBITRATION_PARTS, ArbitrationPart, Exploration
from rules.experiment import Experiment, Holdout
from rules.ids import GoalId, LeverId, OfferId, PlacementId, PolicyId, RuleId, VolumeId
from rules.promotion import Promotion

Channel = Literal["web", "call-center", "email", "app"]
CHANNELS: tuple[Channel, ...] = ("web", "call-center", "email", "app")

Objective = Literal["response", "value", "increment"]

AttributeType = Literal["string", "int", "float", "bool", "timestamp", "list", "map"]


class Attribute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A typed attribute; `values` closes the set of a string (or of a list's items, or a map's keys)."""

    type: AttributeType
    values: tuple[str, ...] | None = None


class Attributes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The declared attributes of each kind of thing, by name."""

    customer: dict[str, Attribute] = {}
    offer: dict[str, Attribute] = {}
    context: dict[str, Attribute] = {}
    event: dict[str, Attribute] = {}


class Affinity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A decayed weight per value of one event attribute, learned from events (and from outcomes, by their kind).

    An event adds `weights[kind]` to the value it carries in event attribute `event`; an outcome of a kind in
    `weights` adds to the value of offer attribute `offer` of the offer it is about.
    """

    event: str
    offer: str
    half_life: str
    weights: dict[str, float]


class Trait(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The preferred value of an affinity.

    A declared preference (customer attribute `declared`) wins. Otherwise the shares of the affinity are blended with
    what is being searched now (context attribute `searching`, given the share `blend`), and the largest share wins;
    ties go to the alphabetically first value.
    """

    affinity: str
    declared: str | None = None
    searching: str | None = None
    blend: float = 0.5


class Activity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Recency, frequency and monetary figures over the named kinds of event."""

    events: tuple[str, ...]


class Counter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often the subject was contacted: `count` is `decision`, `impression` or an outcome kind.

    Without `per` the counter is one int; with `per` (`id` or a string attribute of offers) a map of value to int.
    """

    count: str
    within: str
    per: str | None = None
    channels: tuple[Channel, ...] = CHANNELS


class Goal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a placement is for: an outcome kind inside a window after the decision, and what it is worth.

    `response` learns the probability of the outcome and multiplies it by `value` (CEL, a float per offer; 1 without);
    `value` learns the expected value of the outcome itself; `increment` how much more that is than after showing
    nothing, so that showing nothing can win.
    """

    outcome: str
    window: str
    objective: Objective = "response"
    value: str | None = None


class Placement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where offers are shown, and how they are chosen there.

    `goals` are further goals with weights, beside `goal`, which has weight 1: what an offer is worth to each of them is
    added up. `candidates` is CEL over the offer alone; `context_weight` is CEL giving a float (C of P × C × V × L);
    `at_most` limits how many offers of a slate share a value of an offer attribute; `mandatory` offers take the first
    ranks, in order, when they pass all rules; `consent` names the consent the customer must have given.
    """

    channel: Channel
    slots: int
    format: str
    goal: GoalId
    goals: dict[GoalId, float] = {}
    fallback: tuple[OfferId, ...] = ()
    candidates: str = "true"
    context_weight: str | None = None
    consent: str | None = None
    exploration: Exploration = Exploration()
    arbitration: tuple[ArbitrationPart, ...] = ARBITRATION_PARTS
    at_most: dict[str, int] = {}
    mandatory: tuple[OfferId, ...] = ()
    exclude: tuple[OfferId, ...] = ()

    @property
    def aims(self) -> tuple[GoalId, ...]:
        """All its goals, its own first."""
        return (self.goal, *self.goals)


RuleKind = Literal["preference", "eligibility", "suitability"]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An offer passes when it is outside `offers` (CEL over the offer alone), or `holds` (CEL) is true.

    Its `kind` says why not: the customer does not want the offer, may not have it, or has no use for it.
    """

    id: RuleId
    holds: str
    kind: RuleKind = "eligibility"
    offers: str = "true"
    placements: tuple[PlacementId, ...] | None = None
    because: str = ""


class Lever(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A priority that multiplies the score of the offers it covers.

    `offers` is CEL over the offer alone; `scope` narrows it to values of offer attributes (`{brand = ["A", "B"]}`).
    A `permanent` lever has no dates; a `tactical` one has both. L is the product of the factors of all levers that
    cover the offer and are in force: permanent ones always, tactical ones from `from` to before `until`.
    """

    id: LeverId
    kind: Literal["tactical", "permanent"]
    factor: float
    offers: str = "true"
    scope: dict[str, tuple[str, ...]] = {}
    placements: tuple[PlacementId, ...] | None = None
    starts: str | None = msgspec.field(default=None, name="from")
    ends: str | None = msgspec.field(default=None, name="until")


class ContactPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most `at_most` contacts of kind `count` within a rolling window, per customer and per value of `per`.

    `count` is `decision`, `impression` or an outcome kind; without `per` all offers count together. The entry restricts
    placements on its `channels`, which are counted `together`, or else each on its own. An outcome of a kind in
    `unless`, on whatever channel, clears what was counted up to its moment. With `rest`, the contact that makes
    `at_most` within the window starts a rest of that length and a new count; without, offers are held back while the
    window is full. All entries must allow an offer, and the first that does not gives the reason.

    Where impressions are counted, a decision's offers count as well, until their impressions come or `pending` (an hour
    without it) has passed since: so long a decision keeps room for what it may show.
    """

    id: PolicyId
    count: str
    at_most: int
    within: str
    per: str | None = None
    channels: tuple[Channel, ...] = CHANNELS
    together: bool = True
    unless: tuple[str, ...] = ()
    rest: str | None = None
    pending: str | None = None
    because: str = ""

    @property
    def waits(self) -> str | None:
        """How long a decision's impression is expected; None where none is counted."""
        return (self.pending or "1h") if self.count == "impression" else None

    @property
    def remembers(self) -> bool:
        """Whether more than a window decides: responses that clear, or a rest that follows."""
        return bool(self.unless) or self.rest is not None

    def on(self, channel: Channel) -> "ContactPolicy":
        """The entry as it counts for placements on one of its channels."""
        return self if self.together else msgspec.structs.replace(self, channels=(channel,))


class VolumeLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often offers may be shown or sent in all, to whomever: every offer of a slate takes one unit.

    It covers `offers` (CEL over the offer alone), per value of `per` (`id` or a string attribute) or without it all
    together, on its `channels` `together` or on each by itself. There are `at_most` units, or as many as attribute
    `stock` says of each offer; `within` a calendar day of `zone` (an IANA name), or in total. `at_least` is what a
    campaign has to send, and binds nothing else.
    """

    id: VolumeId
    offers: str = "true"
    per: str | None = None
    at_most: int | None = None
    stock: str | None = None
    at_least: int | None = None
    within: Literal["total", "day"] = "total"
    zone: str = "UTC"
    channels: tuple[Channel, ...] = CHANNELS
    together: bool = True
    because: str = ""

    @property
    def limits(self) -> bool:
        """Whether there is a most at all; what has only a least is there for campaigns."""
        return self.at_most is not None or self.stock is not None

    @property
    def counted_by(self) -> str | None:
        """The attribute whose values are counted each by itself: stock is each offer's own."""
        return self.per if self.stock is None else "id"


class Feature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model input: CEL giving a number, a bool or a string (then it is categorical); errors become missing."""

    name: str
    value: str


class Workspace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything in `concierge.toml`; the offers are beside it in `offers.csv` or `offers.parquet`."""

    name: str
    attributes: Attributes
    placements: dict[PlacementId, Placement]
    goals: dict[GoalId, Goal]
    affinities: dict[str, Affinity] = {}
    traits: dict[str, Trait] = {}
    activities: dict[str, Activity] = {}
    counters: dict[str, Counter] = {}
    rules: tuple[Rule, ...] = ()
    levers: tuple[Lever, ...] = ()
    contact_policy: tuple[ContactPolicy, ...] = ()
    volume: tuple[VolumeLimit, ...] = ()
    features: tuple[Feature, ...] = ()
    promotion: Promotion = Promotion()
    care: Care = Care()
    holdout: Holdout | None = None
    experiment: tuple[Experiment, ...] = ()
