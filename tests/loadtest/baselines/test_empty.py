"""The empty handler takes and gives what Concierge's own does, or its speed would be no measure."""

import msgspec
from litestar.testing import AsyncTestClient

from decision.service.answer import DecisionAnswer, OfferAnswer
from decision.service.question import DecisionQuestion
from loadtest.baselines.empty import Answer, Offer, Question, empty_app

BODY = msgspec.json.encode(
    Answer("d", "home", (Offer("a", 1, 0.5, 2.0, 1.0, 0.9, {"title": "A"}, ("ranked",)),), "policy", (), "c", None)
)


def fields(kind: type[msgspec.Struct]) -> list[tuple[str, bool]]:
    return [(field.encode_name, field.required) for field in msgspec.structs.fields(kind)]


def test_its_types_are_the_service_s() -> None:
    assert fields(Question) == fields(DecisionQuestion)
    assert fields(Answer) == fields(DecisionAnswer)
    assert fields(Offer) == fields(OfferAnswer)


async def test_it_validates_the_question_and_answers_the_slate() -> None:
    async with AsyncTestClient(empty_app(BODY)) as client:
        answered = await client.post("/v1/decisions", json={"placement": "home", "customer": "ann"})
        assert (answered.status_code, answered.content) == (200, BODY)
        assert (await client.post("/v1/decisions", json={"customer": "ann"})).status_code == 400
        assert (await client.post("/raw", content=b"{}")).content == BODY
