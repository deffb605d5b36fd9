"""Where the hotel group has houses: a hundred places, each with its country and climate."""

import msgspec

CLIMATES: tuple[str, ...] = ("city", "beach", "mountain", "country")

CLIMATE_MONTHS: dict[str, tuple[float, ...]] = {
    "city": (-0.1, 0.0, 0.1, 0.2, 0.2, 0.1, -0.1, -0.2, 0.2, 0.2, 0.1, 0.2),
    "beach": (-0.8, -0.7, -0.4, 0.0, 0.3, 0.6, 0.8, 0.8, 0.4, -0.1, -0.6, -0.7),
    "mountain": (0.7, 0.8, 0.4, -0.3, -0.4, 0.0, 0.2, 0.3, -0.1, -0.4, -0.2, 0.6),
    "country": (-0.3, -0.2, 0.1, 0.3, 0.4, 0.3, 0.2, 0.2, 0.3, 0.2, -0.2, -0.2),
}
"""Log-odds of each month, January first."""

_PLACES = """
PRT city Lisbon Porto Coimbra Braga Évora
PRT beach Faro Lagos Cascais Funchal Albufeira
PRT country Sintra Tomar Pinhão
ESP city Madrid Barcelona Seville Valencia Bilbao Granada
ESP beach Málaga Palma Ibiza Alicante Cádiz
ESP mountain Baqueira
FRA city Paris Lyon Bordeaux Lille Strasbourg Nantes Toulouse
FRA beach Nice Cannes Biarritz Deauville
FRA mountain Chamonix Megève Annecy
FRA country Avignon Beaune Amboise
ITA city Rome Milan Florence Venice Turin Naples
ITA beach Amalfi Rimini Taormina
ITA mountain Bolzano Cortina
ITA country Siena Alba
GBR city London Edinburgh Manchester Bristol
GBR beach Brighton Torquay
GBR country Bath Oxford Windermere
DEU city Berlin Munich Hamburg Cologne Dresden
DEU mountain Garmisch
DEU country Heidelberg
NLD city Amsterdam
BEL city Brussels Antwerp
BEL country Bruges
IRL city Dublin
IRL country Galway Killarney
CHE city Zürich Geneva
CHE mountain Zermatt Davos
AUT city Vienna
AUT mountain Innsbruck
AUT country Salzburg
SWE city Stockholm
GRC city Athens
GRC beach Mykonos Chania
HRV beach Dubrovnik Split
CZE city Prague
HUN city Budapest
POL city Kraków
MAR city Casablanca
MAR country Marrakesh
MAR beach Agadir
USA city Boston
BRA beach Salvador
DNK city Copenhagen
"""  # The names are real, the hotels in them are not.


class Destination(msgspec.Struct, frozen=True):
    """A place (its name is its id), the ISO code of its country, and what draws people there."""

    name: str
    country: str
    climate: str


def _places() -> tuple[Destination, ...]:
    groups = [line.split() for line in _PLACES.strip().splitlines()]
    return tuple(Destination(name, country, climate) for country, climate, *names in groups for name in names)


DESTINATIONS: tuple[Destination, ...] = _places()
DESTINATION_NAMES: tuple[str, ...] = tuple(destination.name for destination in DESTINATIONS)
