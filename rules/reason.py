"""Why an offer was shown or not: every reason has a stable number and a name that never change meaning."""

from enum import IntEnum


class Reason(IntEnum):
    """The reason codes; below 100 the offer was not shown, from 100 on it was."""

    UNDECIDED = 0
    NOT_A_CANDIDATE = 1
    OUT_OF_PERIOD = 2
    EXCLUDED_BY_PLACEMENT = 3
    EXCLUDED_BY_REQUEST = 4
    NO_CONSENT = 5
    NOT_ELIGIBLE = 6
    NOT_SUITABLE = 7
    ATTRIBUTE_ABSENT = 8
    CONTACT_POLICY = 9
    ATTRIBUTE_LIMIT = 10
    OUTRANKED = 11
    NOT_WANTED = 12
    SOLD_OUT = 13
    OUTPRICED = 14
    NO_GAIN = 15
    HELD_OUT = 16
    RANKED = 100
    EXPLORED = 101
    MANDATORY = 102
    FALLBACK = 103

    @property
    def slug(self) -> str:
        """The name used in the API, in logs and in metrics."""
        return self.name.lower()

    @property
    def sentence(self) -> str:
        """What the reason means, for a person."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.UNDECIDED: "Not yet decided.",
    Reason.NOT_A_CANDIDATE: "The placement's candidate filter leaves this offer out.",
    Reason.OUT_OF_PERIOD: "The decision falls outside the offer's period.",
    Reason.EXCLUDED_BY_PLACEMENT: "The placement's exclude list names this offer.",
    Reason.EXCLUDED_BY_REQUEST: "The caller asked to leave this offer out.",
    Reason.NO_CONSENT: "The customer has not consented to this channel.",
    Reason.NOT_ELIGIBLE: "An eligibility rule does not hold.",
    Reason.NOT_SUITABLE: "A suitability rule does not hold.",
    Reason.ATTRIBUTE_ABSENT: "A rule reads an attribute that is absent; guard it with has() if that is meant to pass.",
    Reason.CONTACT_POLICY: "A contact policy entry is used up, or cannot be counted.",
    Reason.ATTRIBUTE_LIMIT: "The slate already holds as many offers with this attribute value as the placement allows.",
    Reason.OUTRANKED: "Other offers ranked higher.",
    Reason.NOT_WANTED: "The customer does not want this.",
    Reason.SOLD_OUT: "A volume limit is used up, or its units cannot be reserved.",
    Reason.OUTPRICED: "It is worth no more than the price of the volume limits it counts towards.",
    Reason.NO_GAIN: "Showing it is expected to bring no more than showing nothing.",
    Reason.HELD_OUT: "The customer is in the holdout, to whom nothing is shown.",
    Reason.RANKED: "Drawn by its score.",
    Reason.EXPLORED: "Drawn uniformly, to learn.",
    Reason.MANDATORY: "The placement always shows this offer when it is eligible.",
    Reason.FALLBACK: "The placement's fallback, because the decision could not be made.",
}
