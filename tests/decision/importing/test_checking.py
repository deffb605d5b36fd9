"""A wrong mapping is told once, key by key, before any row is read."""

import pytest

from rules.errors import Invalid
from tests.decision.importing.conftest import Office

ROWS = "id,who,what,when,p\n" + "1,ann,view,2026-03-01,0.5\n" * 3

WRONG = {
    "customers": (
        'id = "Id"\n[attributes]\ntear = "what"\nage = {constant = "old"}\n[consents]\nemail = "mail"\n',
        ["id", "attributes.tear", "attributes.age", "consents.email"],
    ),
    "events": (
        'kind = {constant = 3}\nat = {column = "then", unit = "h", origin = "yesterday"}\nvalue = "worth"\n'
        '[attributes]\nbrand = "brand"\nbrnd = "what"\n',
        ["kind", "at", "at.origin", "customer", "value", "attributes.brand", "attributes.brnd"],
    ),
    "decisions": (
        'placement = {constant = "hme"}\noffer = {constant = "alba"}\nat = "when"\nprobability = "prob"\n'
        'customer = "whom"\n[context]\nparty = {constant = 2.5}\nplace = "what"\n',
        ["probability", "customer", "context.party", "context.place", "placement", "offer"],
    ),
}


@pytest.mark.parametrize("kind", WRONG)
async def test_every_mistake_of_a_mapping_is_told_once_and_nothing_is_written(office: Office, kind: str) -> None:
    mapping, keys = WRONG[kind]
    with pytest.raises(Invalid) as refused:
        await office.run(kind, mapping, ROWS)
    fields = [fault.field.rpartition(": ") for fault in refused.value.faults]
    assert [key for _, _, key in fields] == keys
    assert all(file.endswith("mapping.toml") for file, _, _ in fields)
    assert office.state() == ({}, [])


@pytest.mark.parametrize("text", ['id = "id"\nname = "x"\n', "id = \n", "id = 3\n", ""])
async def test_a_mapping_that_is_none_names_the_keys_there_are(office: Office, text: str) -> None:
    with pytest.raises(Invalid, match="a mapping holds id, attributes, consents"):
        await office.run("customers", text, ROWS)
