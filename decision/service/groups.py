"""Who is in which group: what other systems ask so that they treat a person alike."""

from decision.service.admission import served
from decision.service.answer import GroupsAnswer
from decision.service.refreshing import Refresher
from decision.subject.identities import Identities
from rules.errors import Fault, Invalid
from rules.ids import CustomerId, VisitorId


class Groups:
    """The groups of persons, as decisions find them."""

    def __init__(self, refresher: Refresher, identities: Identities) -> None:
        self._refresher = refresher
        self._identities = identities

    async def of(self, customer: CustomerId | None, visitor: VisitorId | None) -> GroupsAnswer:
        """The groups of a customer, of a visitor, or of whoever a visitor is linked to; raises `Invalid`."""
        if customer is None and visitor is None:
            raise Invalid((Fault("customer", "give a customer or a visitor: a group is somebody's"),))
        catalogue = served(self._refresher.snapshot).catalogue
        subject = await self._identities.resolve(customer, visitor)
        groups = {id: catalogue.division.group(id, subject.owner) for id in catalogue.workspace.placements}
        return GroupsAnswer(groups, catalogue.version, subject.customer, visitor)
