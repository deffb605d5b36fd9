"""The service: one collaborator for each kind of call; HTTP and the command line are thin layers over it."""

import msgspec

from decision.access.key_ring import KeyRing
from decision.clock import Clock
from decision.service.bulk.deciding import BulkDeciding
from decision.service.bulk.processes import BulkProcesses
from decision.service.care import CareNews
from decision.service.customers import Customers
from decision.service.deciding import Deciding
from decision.service.explaining import Explaining
from decision.service.groups import Groups
from decision.service.health import Health
from decision.service.intake import Intake
from decision.service.publishing import Publishing
from decision.service.refreshing import Refresher
from decision.settings import Settings


class Concierge(msgspec.Struct, frozen=True, eq=False):
    """Everything that callers can ask for, wired by `decision.composition`."""

    settings: Settings
    clock: Clock
    keys: KeyRing
    refresher: Refresher
    deciding: Deciding
    bulk: BulkDeciding
    bulk_processes: BulkProcesses
    explaining: Explaining
    intake: Intake
    customers: Customers
    groups: Groups
    publishing: Publishing
    health: Health
    care: CareNews
