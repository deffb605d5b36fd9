import pytest

from decision.settings import Settings, read_settings
from rules.errors import Invalid


def test_nothing_set_gives_the_defaults() -> None:
    assert read_settings({"HOME": "x"}) == Settings()


def test_each_variable_is_read_as_its_type() -> None:
    settings = read_settings(
        {"CONCIERGE_PORT": "9000", "CONCIERGE_SINK_SECONDS": "0.5", "CONCIERGE_LOG_LEVEL": "error"}
    )
    assert (settings.port, settings.sink_seconds, settings.log_level) == (9000, 0.5, "error")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "http"),
        ("PORT", "0"),
        ("WORKERS", "0"),
        ("DEADLINE_MS", "-5"),
        ("BODY_LIMIT", "-1"),
        ("REFRESH_SECONDS", "0"),
        ("LOG_LEVEL", "loud"),
        ("WORKRES", "2"),
    ],
)
def test_a_wrong_variable_is_named(name: str, text: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_settings({f"CONCIERGE_{name}": text})
    assert [fault.field for fault in caught.value.faults] == [f"CONCIERGE_{name}"]


def test_every_wrong_variable_is_named_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        read_settings({"CONCIERGE_PORT": "x", "CONCIERGE_WORKERS": "y", "CONCIERGE_COLOUR": "z"})
    assert len(caught.value.faults) == 3


def test_what_an_orchestrator_sets_for_a_service_of_our_name_is_ignored() -> None:
    environment = {
        "CONCIERGE_PORT": "tcp://10.0.0.7:8080",
        "CONCIERGE_SERVICE_HOST": "10.0.0.7",
        "CONCIERGE_SERVICE_PORT_HTTP": "8080",
        "CONCIERGE_PORT_8080_TCP_ADDR": "10.0.0.7",
    }
    assert read_settings(environment) == Settings()
