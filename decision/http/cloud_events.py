"""CloudEvents 1.0 over HTTP (structured, batched, binary) as event reports."""

from typing import Annotated, Any

import msgspec

from decision.http.body import ApiRequest, decode_body, find_faults
from decision.service.question import MOST_REPORTS, EventReport, RawValue
from rules.errors import Invalid
from rules.ids import CustomerId, VisitorId

STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"


class EventData(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What we read from a CloudEvent's `data`."""

    customer: CustomerId | None = None
    visitor: VisitorId | None = None
    attributes: dict[str, RawValue] = {}
    value: float | None = None


class CloudEvent(msgspec.Struct, frozen=True):
    """A CloudEvent; extension attributes are let pass."""

    id: str
    source: str
    type: str
    specversion: str
    subject: str | None = None
    time: str | None = None
    data: EventData = EventData()


Batch = Annotated[list[CloudEvent], msgspec.Meta(max_length=MOST_REPORTS)]


class EventRequest(ApiRequest):
    """A request whose body is an event report, several, or CloudEvents."""

    async def json(self) -> Any:
        """The reports in the body; raises `Invalid` with every fault."""
        kind = self.content_type[0]
        if kind == STRUCTURED:
            return self._report(decode_body(await self.body(), CloudEvent), "")
        if kind == BATCHED:
            events = decode_body(await self.body(), Batch)
            return [self._report(event, f"[{at}].") for at, event in enumerate(events)]
        if "ce-specversion" in self.headers:
            named = {name: self.headers[f"ce-{name}"] for name in _NAMED if f"ce-{name}" in self.headers}
            faults = tuple(find_faults(named, CloudEvent, ""))
            if faults:
                raise Invalid(faults)
            data = decode_body(await self.body() or b"{}", EventData)
            return self._report(msgspec.convert({**named, "data": data}, CloudEvent), "")
        return await super().json()

    def _report(self, event: CloudEvent, prefix: str) -> EventReport:
        data = event.data
        customer = data.customer
        if customer is None and data.visitor is None and event.subject is not None:
            customer = CustomerId(event.subject)
        raw = {
            # Ids are unique per source only.
            "id": f"{event.source}/{event.id}",
            "kind": event.type,
            "customer": customer,
            "visitor": data.visitor,
            "attributes": data.attributes,
            "value": data.value,
            "at": event.time if "admin" in self.user.scopes else None,
        }
        faults = tuple(find_faults(raw, EventReport, ""))
        if faults:
            raise Invalid(tuple(msgspec.structs.replace(fault, field=prefix + fault.field) for fault in faults))
        return msgspec.convert(raw, EventReport)


_NAMED = ("id", "source", "type", "specversion", "subject", "time")
