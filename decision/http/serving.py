"""How handlers are given the service."""

from typing import TypeAlias

from litestar.datastructures import State
from litestar.di import NamedDependency

from decision.service.concierge import Concierge

Serving: TypeAlias = NamedDependency[Concierge]


def provide_concierge(state: State) -> Concierge:
    """The service that the application was started with."""
    concierge: Concierge = state.concierge
    return concierge
