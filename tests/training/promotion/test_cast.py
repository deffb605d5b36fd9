"""On each decision stands for a policy who was cast for the person."""

import numpy as np

from models.artefact import Artefact, encode_artefact
from models.model import Model, load_model, prior_model
from models.rates import Rates
from rules.ids import Instant, OfferId
from tests.training.shop import GOAL, HOME, START, WEEK, shop, visits
from training.evaluation.judged import Cast, Judged, judge
from training.evaluation.lessons import read_lessons
from training.evaluation.rewards import fit_rewards
from training.material.folds import fold_of
from training.material.ledger import Earned
from training.material.question import question_of


def favours(theme: str) -> Model:
    rates = Rates(overall=0.05, offers={HOME: {OfferId(f"alba-{theme}"): 0.3}})
    return load_model(
        encode_artefact(Artefact(kind="rates", goal=GOAL, objective="response", created=START, rates=rates))
    )


def test_each_person_is_judged_by_the_models_that_were_cast_for_it() -> None:
    catalogue = shop("{ epsilon = 1.0, temperature = 0.0 }")
    rows = [Earned(record, 0, 0.0) for record in visits(catalogue, 300, 1)[0]]
    question = question_of(catalogue.workspace, GOAL, Instant(START + 10 * WEEK))
    catalogues = {str(catalogue.version): catalogue}
    rewards = fit_rewards(read_lessons(rows, question, catalogues), GOAL, "response", threads=1)
    models = {"even": favours("spa"), "odd": favours("family"), "prior": prior_model(GOAL)}

    def judged(cast: Cast | None) -> Judged:
        return judge(rows, question, catalogues, models, (), rewards, cast=cast)

    alone = judged(None)
    found = judged(lambda person: {"model": ("even", "odd")[fold_of(person) % 2], "champion": "prior"})
    odd = np.array([fold_of(person) % 2 for person in found.subject.tolist()], np.bool_)
    assert 0 < odd.sum() < len(odd)
    expected = np.where(odd, alone.policies["odd"].predicted, alone.policies["even"].predicted)
    assert found.policies["model"].predicted.tolist() == expected.tolist()
    assert found.policies["champion"].predicted.tolist() == alone.policies["prior"].predicted.tolist()
    assert not {"even", "odd", "prior"} & found.policies.keys()
