"""The empty handler takes and gives what Concierge's own does, or its speed would be no measure."""

import ast
import inspect
from types import ModuleType

import msgspec
from litestar.testing import AsyncTestClient

from decision.command import serve
from decision.service.answer import DecisionAnswer, OfferAnswer
from decision.service.question import DecisionQuestion
from loadtest.baselines import empty
from loadtest.baselines.empty import Answer, Offer, Question, empty_app

BODY = msgspec.json.encode(
    Answer("d", "home", (Offer("a", 1, 0.5, 2.0, 1.0, 0.9, {"title": "A"}, ("ranked",)),), "policy", (), "c", None)
)


def schema(kind: type[msgspec.Struct]) -> object:
    """What a type takes and gives, with every bound, whatever it is called and says about itself."""
    _, parts = msgspec.json.schema_components([kind])
    return _nameless(parts[kind.__name__])


def _nameless(part: object) -> object:
    if isinstance(part, dict):
        said = {"title", "description", "$ref"}
        return {name: _nameless(inner) for name, inner in part.items() if name not in said}
    return [_nameless(inner) for inner in part] if isinstance(part, list) else part


def server_options(program: ModuleType) -> dict[str, str]:
    """The options of the server that a program starts, as they are written there."""
    tree = ast.parse(inspect.getsource(program))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "MPServer"]
    return {str(option.arg): ast.unparse(option.value) for option in calls[0].keywords}


def test_its_types_are_the_service_s() -> None:
    assert schema(Question) == schema(DecisionQuestion)
    assert schema(Answer) == schema(DecisionAnswer)
    assert schema(Offer) == schema(OfferAnswer)


def test_its_server_has_the_options_of_the_service_s() -> None:
    """But for where it listens, and what becomes of a worker that fails or has to end."""
    own, ours = server_options(empty), server_options(serve)
    assert own.pop("workers") == "1"
    assert own.pop("factory") == "True"
    for name in ("address", "port"):
        del own[name]
    for name in ("address", "port", "workers", "respawn_failed_workers", "workers_kill_timeout"):
        del ours[name]
    assert own == ours


async def test_it_validates_the_question_and_answers_the_slate() -> None:
    async with AsyncTestClient(empty_app(BODY)) as client:
        answered = await client.post("/v1/decisions", json={"placement": "home", "customer": "ann"})
        assert (answered.status_code, answered.content) == (200, BODY)
        assert (await client.post("/v1/decisions", json={"customer": "ann"})).status_code == 400
        assert (await client.post("/raw", content=b"{}")).content == BODY
