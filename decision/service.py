"""The service: one collaborator for each kind of call; HTTP and the command line are thin layers over it."""

import msgspec

from decision.customers import Customers
from decision.deciding import Deciding
from decision.explaining import Explaining
from decision.health import Health
from decision.intake import Intake
from decision.key_ring import KeyRing
from decision.publishing import Publishing
from decision.refreshing import Refresher
from decision.settings import Settings


class Concierge(msgspec.Struct, frozen=True, eq=False):
    """Everything that callers can ask for, wired by `decision.composition`."""

    settings: Settings
    keys: KeyRing
    refresher: Refresher
    deciding: Deciding
    explaining: Explaining
    intake: Intake
    customers: Customers
    publishing: Publishing
    health: Health
