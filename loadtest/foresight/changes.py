"""Ten changes of the hotel workspace that a marketer might try."""

from collections.abc import Callable

import msgspec

from loadtest.errors import WorldError


class Change(msgspec.Struct, frozen=True):
    """A change in words, and as an edit of `concierge.toml`."""

    name: str
    edit: Callable[[str], str]


def _replaced(before: str, after: str) -> Callable[[str], str]:
    def edit(toml: str) -> str:
        if before not in toml:
            raise WorldError(f"The hotel workspace does not say {before!r} any more; write this change anew.")
        return toml.replace(before, after)

    return edit


def _added(entry: str) -> Callable[[str], str]:
    return lambda toml: f"{toml}\n{entry}"


_WEB = 'fallback = ["lumen-breakfast", "kestrel-house-upgrade", "olivar-late-check-out"]\n'
_LEARNT = "exploration = { epsilon = 0.05, temperature = 0.15 }"

CHANGES: tuple[Change, ...] = (
    Change("new houses count double", _replaced("factor = 1.05", "factor = 2.0")),
    Change(
        "week-ends count half as much again",
        _added('[[levers]]\nid = "week-ends"\nkind = "permanent"\nfactor = 1.5\nscope = { theme = ["week-end"] }\n'),
    ),
    Change(
        "extras count a quarter less",
        _added('[[levers]]\nid = "extras"\nkind = "permanent"\nfactor = 0.75\nscope = { kind = ["extra"] }\n'),
    ),
    Change("the anniversary of Maison Lune counts twice", _replaced("factor = 1.2", "factor = 2.0")),
    Change(
        "the same offer once a week on the web and the phone",
        _replaced('per = "id"\nat_most = 3\nwithin = "7d"', 'per = "id"\nat_most = 1\nwithin = "7d"'),
    ),
    Change(
        "a theme three times a week on the web and the phone",
        _added(
            '[[contact_policy]]\nid = "theme-thrice-a-week"\ncount = "decision"\nper = "theme"\nat_most = 3\n'
            'within = "7d"\nchannels = ["web", "call-center"]\n'
        ),
    ),
    Change(
        "no stay above one and a half times the usual rate",
        _added(
            '[[rules]]\nid = "within-means"\nkind = "suitability"\noffers = "offer.kind == \'stay\'"\n'
            'holds = "!has(customer.usual_rate) || offer.rate <= 1.5 * customer.usual_rate"\n'
        ),
    ),
    Change(
        "the margin is left out of the score",
        _replaced(_LEARNT, f'{_LEARNT}\narbitration = ["propensity", "context", "levers"]'),
    ),
    Change(
        "less is tried: temperature 0.08", _replaced(_LEARNT, "exploration = { epsilon = 0.05, temperature = 0.08 }")
    ),
    Change("more is tried: epsilon 0.25", _replaced(_LEARNT, "exploration = { epsilon = 0.25, temperature = 0.15 }")),
)
