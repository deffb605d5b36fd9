"""The themes of the hotel group: what kind of offer, whom it speaks to and when."""

import msgspec


class Theme(msgspec.Struct, frozen=True):
    """A kind of offer.

    `stay` tells a stay from an extra. `price` is the factor on the nightly rate of a stay, or the price of an extra in
    euro at a brand of the middle tier; `margin` the share of the price (for the club, whose price is zero, euro per
    enrolment). `party` holds the mean taste of solo travellers, couples, families and groups in log-odds, `business`
    what a business traveller adds; `months` the log-odds of each month, January first.
    """

    id: str
    title: str
    stay: bool
    price: float
    margin: float
    party: tuple[float, float, float, float]
    business: float
    months: tuple[float, ...]


_FLAT = (0.0,) * 12
_SUMMER = (-0.6, -0.4, -0.1, 0.2, 0.3, 0.5, 0.7, 0.7, 0.2, -0.1, -0.5, -0.3)
_WINTER = (0.4, 0.4, 0.2, 0.0, -0.1, -0.3, -0.4, -0.4, 0.0, 0.2, 0.4, 0.4)
_WORKING = (0.2, 0.2, 0.2, 0.1, 0.1, 0.0, -0.4, -0.7, 0.2, 0.3, 0.2, -0.3)

THEMES: tuple[Theme, ...] = (
    Theme("week-end", "Week-end", True, 1.0, 0.18, (0.1, 0.3, -0.2, 0.4), -0.4, _FLAT),
    Theme("family", "Family summer", True, 1.3, 0.16, (-1.4, -0.7, 1.5, 0.1), -0.6, _SUMMER),
    Theme("romantic", "Romantic stay", True, 1.2, 0.20, (-1.3, 0.6, -0.9, -0.9), -0.6, _FLAT),
    Theme("spa", "Spa escape", True, 1.25, 0.22, (0.0, 0.2, -0.5, 0.1), -0.3, _WINTER),
    Theme("business", "Business rate", True, 0.9, 0.20, (0.3, -0.6, -1.2, -0.6), 1.5, _WORKING),
    Theme("pack", "Stay pack", True, 1.1, 0.17, (-0.1, 0.1, 0.3, 0.2), -0.3, _SUMMER),
    Theme("club", "Club enrolment", False, 0.0, 18.0, (0.2, 0.1, 0.1, -0.1), 0.6, _FLAT),
    Theme("breakfast", "Breakfast", False, 24.0, 0.45, (0.1, 0.3, 0.3, 0.0), 0.1, _FLAT),
    Theme("upgrade", "Room upgrade", False, 70.0, 0.60, (-0.2, 0.3, 0.1, -0.2), 0.1, _FLAT),
    Theme("parking", "Parking", False, 30.0, 0.70, (-0.3, 0.0, 0.4, 0.2), 0.0, _FLAT),
    Theme("late-check-out", "Late check-out", False, 35.0, 0.80, (0.2, 0.3, -0.1, 0.2), 0.2, _FLAT),
    Theme("insurance", "Travel insurance", False, 40.0, 0.50, (-0.3, 0.0, 0.5, 0.1), -0.9, _SUMMER),
)

THEME_IDS: tuple[str, ...] = tuple(theme.id for theme in THEMES)
