"""Who asks in a mixed run: the same each time, on every channel, known and unknown."""

from itertools import islice

from loadtest.hotel.world import Size, make_world
from loadtest.mixed.traffic import bulk_questions, guest_name, single_questions

NOW = 1_800_000_000_000
SMALL = Size(guests=60, visitors=40, web=80, calls=40, mails=10)


def test_single_questions_come_from_everybody_on_both_channels() -> None:
    asked = list(single_questions(make_world(1, NOW, SMALL), 500, 600))
    assert len(asked) == 600
    assert {question.placement for question, _ in asked} == {"web-home", "call-desk"}
    assert any(question.customer for question, _ in asked)
    assert any(question.visitor for question, _ in asked)
    assert all(bool(question.customer) != bool(question.visitor) for question, _ in asked)
    links = [(question, link) for question, link in asked if link is not None]
    assert links
    assert all(question.visitor == link.visitor for question, link in links)
    again = list(single_questions(make_world(1, NOW, SMALL), 500, 600))
    assert again == asked


def test_a_mailing_goes_to_each_guest_once_before_any_gets_another() -> None:
    asked = list(bulk_questions(50, 120, "newsletter", 3))
    names = [question.customer for question in asked]
    assert set(names[:50]) == {guest_name(number) for number in range(50)}
    assert names[50:100] == names[:50]
    assert list(islice(bulk_questions(50, 120, "newsletter", 4), 50)) != asked[:50]
