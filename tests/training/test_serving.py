"""What training predicts from a recorded vector is what serving predicts when it records one: no skew."""

from pathlib import Path

import msgspec
import numpy as np

from decision.journal.reading import open_journal
from decision.store.memory import MemoryStore
from models.artefact import encode_artefact
from models.feature import FeatureList
from models.model import load_model
from rules.ids import Instant
from tests.training.journal import write_journal
from tests.training.shop import GOAL, START, WEEK, shop, visits
from training.learning.course import train
from training.learning.dataset import read_rows
from training.learning.predictor import predict
from training.material.ledger import catalogues_of
from training.material.places import places_of
from training.material.question import question_of


async def test_training_and_serving_predict_the_same(tmp_path: Path) -> None:
    catalogue = shop("{ epsilon = 0.5, temperature = 0.3 }", slots=3)
    decisions, outcomes = visits(catalogue, 1_200, 1)
    await write_journal(MemoryStore(), tmp_path, [*decisions, *outcomes])
    question = question_of(catalogue.workspace, GOAL, Instant(START + 4 * WEEK))
    with open_journal(tmp_path) as journal:
        catalogues = {str(catalogue.version): catalogue}
        places = places_of(catalogues, question, catalogues_of(journal))
        features = FeatureList.of(catalogue.workspace, catalogue.schema)
        rows = read_rows(journal, question, catalogues, places, features)
    course = train(rows, GOAL, "response", START, None, threads=1)
    model = load_model(encode_artefact(course.artefact))

    served, _ = visits(catalogue, 100, 2, model)
    shown = [offer for record in served for offer in record.decision.offers]
    recorded = msgspec.structs.replace(
        rows.take(np.arange(len(shown))),
        matrix=np.array([offer.features for offer in shown]),
        position=np.ones(len(shown)),
    )
    assert {record.model for record in served} == {model.version}
    assert len({offer.propensity for offer in shown}) > 10
    found = predict(model.artefact, recorded)
    assert found is not None
    np.testing.assert_allclose(found, np.array([offer.propensity for offer in shown], np.float64), rtol=1e-13)
