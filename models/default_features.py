"""The feature list of a workspace that declares none: what its attributes, affinities and counters suggest."""

from collections.abc import Iterator

from rules.workspace import Attribute, Feature, Workspace

_SCALARS = frozenset({"string", "int", "float", "bool"})


def default_features(workspace: Workspace) -> tuple[Feature, ...]:
    """Offer columns, what is known of the request, and how the two meet; in a stable order, without repetition."""
    found: dict[str, Feature] = {}
    for feature in (*_offer(workspace), *_request(workspace), *_pair(workspace)):
        found.setdefault(feature.name, feature)
    return tuple(found.values())


def _offer(workspace: Workspace) -> Iterator[Feature]:
    yield from _columns("offer", workspace.attributes.offer)


def _request(workspace: Workspace) -> Iterator[Feature]:
    yield from _columns("customer", workspace.attributes.customer)
    yield from _columns("context", workspace.attributes.context)
    yield Feature("channel", "channel")
    yield Feature("hour", "now.getHours()")
    yield Feature("weekday", "now.getDayOfWeek()")
    for name in workspace.activities:
        for figure in ("frequency", "monetary", "recency"):
            yield _path(f"activity.{name}.{figure}")
    for name, counter in workspace.counters.items():
        if counter.per is None:
            yield _path(f"contacts.{name}")


def _pair(workspace: Workspace) -> Iterator[Feature]:
    offer = workspace.attributes.offer
    for name, affinity in workspace.affinities.items():
        if _is_string(offer, affinity.offer):
            yield _looked_up(f"affinity.{name}", affinity.offer, "0.0")
    for name, counter in workspace.counters.items():
        if counter.per == "id" or (counter.per is not None and _is_string(offer, counter.per)):
            yield _looked_up(f"contacts.{name}", counter.per, "0")
    for name, trait in workspace.traits.items():
        attribute = workspace.affinities[trait.affinity].offer if trait.affinity in workspace.affinities else ""
        if not _is_string(offer, attribute):
            continue
        yield _same(f"trait.{name}", attribute)
        if trait.searching is not None and _is_string(workspace.attributes.context, trait.searching):
            yield _same(f"context.{trait.searching}", attribute)
    for root, attributes in (("customer", workspace.attributes.customer), ("context", workspace.attributes.context)):
        for name in attributes:
            if _is_string(attributes, name) and _is_string(offer, name):
                yield _same(f"{root}.{name}", name)


def _columns(root: str, attributes: dict[str, Attribute]) -> Iterator[Feature]:
    for name, attribute in attributes.items():
        if attribute.type in _SCALARS:
            yield _path(f"{root}.{name}")


def _is_string(attributes: dict[str, Attribute], name: str) -> bool:
    return name in attributes and attributes[name].type == "string"


def _path(path: str) -> Feature:
    return Feature(path.replace(".", "_"), path)


def _looked_up(map: str, attribute: str, otherwise: str) -> Feature:
    name = f"{map.replace('.', '_')}_of_offer_{attribute}"
    return Feature(name, f"offer.{attribute} in {map} ? {map}[offer.{attribute}] : {otherwise}")


def _same(path: str, attribute: str) -> Feature:
    return Feature(f"{path.replace('.', '_')}_is_offer_{attribute}", f"{path} == offer.{attribute}")
