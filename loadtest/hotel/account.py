"""What the hotel group has on file about a guest, and what a visit tells about itself."""

import numpy as np

from loadtest.hotel.brands import BRAND_NAMES
from loadtest.hotel.destinations import DESTINATION_NAMES
from loadtest.hotel.population import COUNTRY_CODES, PARTY_NAMES, Population
from loadtest.hotel.themes import THEME_IDS
from loadtest.hotel.visits import CALL, EMAIL, REASONS, WEB, Visits
from loadtest.messages import Account, AttributeValue

_HEADS = {"solo": (1, 0), "couple": (2, 0), "family": (2, 2), "group": (4, 0)}
_TIERS = ((8, "gold"), (3, "silver"), (0, "classic"))
_BUSINESS = THEME_IDS.index("business")


def guest_account(people: Population, guest: int, since: str, random: np.random.Generator) -> Account:
    """A guest's attributes and consents: true as far as they go, with gaps, and rates as they were paid.

    Two guests in five have ticked interests, one in five each has named a favourite brand or destination. `since` is
    when members joined.
    """
    attributes: dict[str, AttributeValue] = {
        "country": COUNTRY_CODES[people.country[guest]],
        "member": bool(people.member[guest]),
        "usual_rate": round(float(people.budget[guest] * np.exp(0.15 * random.normal())), 2),
    }
    if people.member[guest]:
        attributes["tier"] = next(tier for stays, tier in _TIERS if people.stays[guest] >= stays)
        attributes["member_since"] = since
    if random.random() < 0.7:
        attributes["party"] = PARTY_NAMES[people.party[guest]]
    if random.random() < 0.4:
        said = people.theme[guest] + 0.5 * random.normal(size=len(THEME_IDS))
        attributes["interests"] = [THEME_IDS[theme] for theme in np.argsort(-said)[:3]]
    if random.random() < 0.2:
        attributes["favourite_brand"] = BRAND_NAMES[int(np.argmax(people.brand[guest] + 0.3 * random.normal(size=40)))]
    if random.random() < 0.2:
        attributes["favourite_destination"] = DESTINATION_NAMES[int(np.argmax(people.destination[guest]))]
    return Account(attributes, {"email": bool(people.mail_consent[guest])})


def visit_context(people: Population, visits: Visits, visit: int) -> dict[str, AttributeValue]:
    """What the website's search form or the agent passes on; a mail knows nothing of the sort."""
    channel = visits.channel[visit]
    if channel == EMAIL:
        return {}
    context: dict[str, AttributeValue] = {}
    if channel == WEB:
        context["device"] = "phone" if visits.phone[visit] else "desktop"
    if channel == CALL:
        context["reason"] = REASONS[visits.reason[visit]]
        context["brand"] = BRAND_NAMES[visits.brand[visit]]
    if visits.searched[visit]:
        adults, children = _HEADS[PARTY_NAMES[people.party[visits.person[visit]]]]
        context |= {
            "destination": DESTINATION_NAMES[visits.destination[visit]],
            "purpose": "business" if visits.theme[visit] == _BUSINESS else "leisure",
            "nights": int(visits.nights[visit]),
            "lead_days": int(visits.lead_days[visit]),
            "adults": adults,
            "children": children,
        }
    return context
