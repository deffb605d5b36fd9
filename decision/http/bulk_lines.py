"""Lines of a bulk: cut from a stream, and answered many together."""

import asyncio
import time

import msgspec

from decision.access.api_keys import ApiKey
from decision.http.body import decode_body
from decision.http.decisions import allow
from decision.http.problem import Problem, problem_of
from decision.logs import log
from decision.service.admission import Ask
from decision.service.bulk.frame import Line
from decision.service.bulk.keeping import line_name
from decision.service.bulk.line import KeptAnswer
from decision.service.concierge import Concierge
from decision.service.made import Made, answer_of
from decision.service.question import DecisionQuestion
from rules.errors import Fault, Invalid

LINE_LIMIT = 64_000
"""Most bytes of a line: a question is far shorter, and a whole window of lines is held in memory."""

SLICE_SECONDS = 0.001
"""How long lines are read at a stretch, while others wait."""

_encoder = msgspec.json.Encoder()


class BulkError(msgspec.Struct, frozen=True):
    """Instead of a decision: which line (from 1) could not be decided, and why."""

    line: int
    error: Problem


class LineCutter:
    """Cuts pieces of a stream into lines, and numbers them; empty ones are left out."""

    def __init__(self) -> None:
        self._number = 0
        self._held = b""

    def cut(self, piece: bytes) -> list[Line]:
        """The lines that end in a piece."""
        *texts, rest = piece.split(b"\n")
        if texts:
            texts[0], self._held = self._held + texts[0], b""
        # That is enough to see that it is too long.
        self._held = (self._held + rest)[: LINE_LIMIT + 1]
        first = self._number + 1
        self._number += len(texts)
        return [
            (number, text if len(text) <= LINE_LIMIT else None)
            for number, text in enumerate(texts, first)
            if text.strip()
        ]

    def end(self) -> list[Line]:
        """The last line, where nothing ends it."""
        return self.cut(b"\n")


async def answer_lines(concierge: Concierge, key: ApiKey, lines: list[Line], bulk: str | None = None) -> bytes:
    """The answers to some lines, as lines; decided in this process. Lines of a `bulk` with a name are decided once."""
    asks: list[Ask | Exception] = []
    begun = time.perf_counter()
    for _, text in lines:
        asks.append(_ask(concierge, key, text))
        if time.perf_counter() - begun > SLICE_SECONDS:
            await asyncio.sleep(0)
            begun = time.perf_counter()
    try:
        good = [(ask, text) for ask, (_, text) in zip(asks, lines, strict=True) if isinstance(ask, Ask)]
        names = [None if bulk is None or text is None else line_name(bulk, text) for _, text in good]
        decided = iter(await concierge.bulk.decide([ask for ask, _ in good], names))
    except Exception as error:
        decided = iter([error] * len(asks))
    answers: list[bytes] = []
    for (number, _), ask in zip(lines, asks, strict=True):
        made = next(decided) if isinstance(ask, Ask) else ask
        if isinstance(ask, Ask) and isinstance(made, Made):
            answers.append(_encoder.encode(answer_of(ask, made)))
        elif isinstance(made, KeptAnswer):
            answers.append(made.answer)
        elif isinstance(made, Exception):
            answers.append(_error(number, made))
    answers.append(b"")
    return b"\n".join(answers)


def _ask(concierge: Concierge, key: ApiKey, text: bytes | None) -> Ask | Exception:
    try:
        if text is None:
            raise Invalid((Fault("body", f"the line is longer than {LINE_LIMIT} bytes; send one question a line"),))
        return allow(concierge, key, decode_body(text, DecisionQuestion))
    except Exception as error:
        return error


def _error(number: int, error: Exception) -> bytes:
    problem = problem_of(error)
    if problem.status == 500:
        log.error("bulk_line_failed", line=number, exc_info=error)
    return _encoder.encode(BulkError(number, problem))
