"""CloudEvents 1.0 over HTTP (structured, batched, binary) as event reports."""

from typing import Annotated, Any, Literal
from urllib.parse import unquote

import msgspec

from decision.http.body import ApiRequest, decode_body, find_faults
from decision.http.call import MSGPACK_TYPES
from decision.service.question import MOST_REPORTS, EventReport, RawValue
from rules.errors import Fault, Invalid
from rules.ids import CustomerId, VisitorId

STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"

Filled = Annotated[str, msgspec.Meta(min_length=1)]


class EventData(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What we read from a CloudEvent's `data`."""

    customer: CustomerId | None = None
    visitor: VisitorId | None = None
    attributes: dict[str, RawValue] = {}
    value: float | None = None


class CloudEvent(msgspec.Struct, frozen=True):
    """A CloudEvent; extension attributes are let pass."""

    id: Filled
    source: Filled
    type: str
    specversion: Literal["1.0"]
    subject: str | None = None
    time: str | None = None
    data: EventData | None = None


Batch = Annotated[list[CloudEvent], msgspec.Meta(max_length=MOST_REPORTS)]


class EventRequest(ApiRequest):
    """A request whose body is an event report, several, or CloudEvents."""

    async def body(self) -> bytes:
        """The body; that of a CloudEvent in binary mode is its data, which may be left out."""
        body = await super().body()
        if body or not self._binary:
            return body
        return msgspec.msgpack.encode(None) if self.content_type[0].lower() in MSGPACK_TYPES else b"null"

    async def json(self) -> Any:
        """The reports in the body; raises `Invalid` with every fault."""
        kind = self.content_type[0].lower()
        if kind == STRUCTURED:
            return self._report(decode_body(await self.body(), CloudEvent), "")
        if kind == BATCHED:
            events = decode_body(await self.body(), Batch)
            return [self._report(event, f"[{at}].") for at, event in enumerate(events)]
        if self._binary:
            named = self._named()
            data = decode_body(await self.body(), EventData | None, self.readable_type)
            return self._report(msgspec.convert({**named, "data": data}, CloudEvent), "")
        return await super().json()

    @property
    def _binary(self) -> bool:
        kind = self.content_type[0].lower()
        return "ce-specversion" in self.headers and kind not in (STRUCTURED, BATCHED)

    def _named(self) -> dict[str, str]:
        """The attributes in the headers, whose values are percent-encoded."""
        named: dict[str, str] = {}
        faults: list[Fault] = []
        for name in _NAMED:
            try:
                if f"ce-{name}" in self.headers:
                    named[name] = unquote(self.headers[f"ce-{name}"], errors="strict")
            except UnicodeDecodeError:
                faults.append(Fault(name, "is not UTF-8; percent-encode the bytes of its UTF-8 form"))
        faults = faults or list(find_faults(named, CloudEvent, ""))
        if faults:
            raise Invalid(tuple(faults))
        return named

    def _report(self, event: CloudEvent, prefix: str) -> EventReport:
        data = event.data or EventData()
        customer = data.customer
        if customer is None and data.visitor is None and event.subject is not None:
            customer = CustomerId(event.subject)
        raw = {
            "id": _id_of(event),
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


def _id_of(event: CloudEvent) -> str:
    """Ids are unique per source only; the last `/` ends the source, so that no two pairs look alike."""
    return f"{event.source}/{event.id.replace('%', '%25').replace('/', '%2F')}"


_NAMED = ("id", "source", "type", "specversion", "subject", "time")
