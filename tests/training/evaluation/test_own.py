"""What the log itself could have done: under prices, in an experiment's arms, and of persons who were held out."""

from collections.abc import Sequence

import numpy as np
import pytest

from decision.engine.engine import decide
from decision.engine.replaying import inputs_of
from decision.engine.snapshot import Snapshot
from decision.engine.terms import NO_TERMS, Prices, PricesVersion, Terms
from decision.journal.record import DecisionRecord, GivenTerms
from models.artefact import Artefact, encode_artefact
from models.model import Model, load_model, prior_model
from models.rates import Rates
from rules.catalogue import Catalogue
from rules.division import HOLDOUT
from rules.ids import Instant, OfferId
from rules.package import pack, unpack
from tests.training.shop import GOAL, HOME, SMALL, START, WEEK, changed, visits
from training.evaluation.evaluation import evaluation_of
from training.evaluation.judged import Judged, judge
from training.evaluation.lessons import read_lessons
from training.evaluation.page import evaluation_page
from training.evaluation.policies import NOTHING
from training.evaluation.rewards import fit_rewards
from training.evaluation.support import support_of
from training.evaluation.table import evaluation_notes
from training.material.folds import fold_of
from training.material.ledger import Brought, Earned
from training.material.past import NOTHING_PAST, Past
from training.material.question import question_of

ALBA = [OfferId(f"alba-{theme}") for theme in ("romantic", "family", "spa")]


def world(exploration: str, more: str = "", objective: str = "response", slots: int = 1) -> Catalogue:
    toml = (SMALL / "concierge.toml").read_text().replace("slots = 3", f"slots = {slots}")
    toml = toml.replace("{ epsilon = 0.1, temperature = 0.3 }", exploration)
    if objective != "response":
        toml = toml.replace('value = "offer.margin"', f'objective = "{objective}"')
    return unpack(pack((toml + more).encode(), (SMALL / "offers.csv").read_bytes(), "offers.csv"))


def model_of(gains: dict[OfferId, float], objective: str = "response", overall: float = 0.05) -> Model:
    rates = Rates(overall=overall, offers={HOME: gains})
    return load_model(
        encode_artefact(Artefact(kind="rates", goal=GOAL, objective=objective, created=START, rates=rates))  # type: ignore[arg-type]
    )


def decided(
    catalogue: Catalogue, model: Model, count: int, prices: Prices | None = None, divided: bool = False
) -> list[DecisionRecord]:
    """Visits decided with a model, on prices, in the person's own group."""
    snapshot = Snapshot.build(catalogue, {GOAL: model})
    terms = NO_TERMS if prices is None else Terms(prices=prices)
    found = []
    for record in visits(catalogue, count, 3)[0]:
        group = catalogue.division.group(HOME, f"c:{record.customer}") if divided else "champion"
        given = inputs_of(record)
        decision = decide(
            record.request,
            given.profile,
            given.history,
            snapshot,
            record.now,
            record.seed,
            terms=terms,
            group=group,
        )
        found.append(
            changed(
                record,
                decision=decision,
                model=snapshot.placement(HOME, group).version,
                terms=None if prices is None else GivenTerms((), prices.version),
            )
        )
    return found


def judged(
    catalogue: Catalogue,
    rows: Sequence[Earned],
    models: dict[str, Model],
    past: Past = NOTHING_PAST,
    order: tuple[OfferId, ...] = (),
    brought: Brought | None = None,
) -> Judged:
    question = question_of(catalogue.workspace, GOAL, Instant(START + 10 * WEEK))
    catalogues = {str(catalogue.version): catalogue}
    kind = "response" if question.objective == "response" else "value"
    rewards = fit_rewards(read_lessons(rows, question, catalogues), GOAL, kind, threads=1)  # type: ignore[arg-type]
    return judge(rows, question, catalogues, models, order, rewards, past=past, brought=brought)


EXPLORING = "{ epsilon = 0.4, temperature = 0.0 }"
VOLUME = '\n[[volume]]\nid = "brand"\nper = "brand"\nat_most = 1000\n'


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return world(EXPLORING, VOLUME)


@pytest.fixture(scope="module")
def prices(catalogue: Catalogue) -> Prices:
    """Alba is dearer than anything it brings."""
    names = [place.value for place in catalogue.volumes.places]
    return Prices(PricesVersion("dear"), np.array([1000.0 if name == "Alba" else 0.0 for name in names]))


def test_a_campaign_s_decisions_are_decided_under_its_prices(catalogue: Catalogue, prices: Prices) -> None:
    model = model_of(dict.fromkeys(ALBA, 0.5))
    records = decided(catalogue, model, 60, prices)
    assert not {record.decision.offers[0].offer for record in records} & set(ALBA)
    rows = [Earned(record, 0, 0.0) for record in records]
    found = judged(catalogue, rows, {"champion": model}, Past({}, {"dear": prices}))
    logged = [record.decision.offers[0].probability for record in records]
    assert found.policies["champion"].chance.tolist() == logged
    assert found.policies["champion"].outside.tolist() == [0.0] * 60
    missing = judged(
        catalogue,
        [*rows[:1], *[Earned(changed(r.record, terms=None), 0, 0.0) for r in rows[1:]]],
        {"champion": model},
    )
    assert missing.skipped == {"made under prices that are not stored any more": 1}


def test_what_was_too_dear_for_the_log_lies_outside_of_it(catalogue: Catalogue, prices: Prices) -> None:
    """Under another model's eyes Alba is worth its price, so it shows what the log never could."""
    own, other = model_of({}), model_of(dict.fromkeys(ALBA, 0.9))
    cheap = Prices(prices.version, prices.by_place * 0.02)
    rows = [Earned(record, 1, 0.0) for record in decided(catalogue, own, 60, cheap)]
    assert not {row.record.decision.offers[0].offer for row in rows} & set(ALBA)
    past = Past({own.version: own}, {"dear": cheap})
    found = judged(catalogue, rows, {"champion": other}, past)
    assert found.policies["champion"].outside.min() > 0.5
    # It is expected to earn there what it would alone, whoever stands before it.
    beside = judged(catalogue, rows, {"champion": own, "rival": other}, past)
    assert beside.policies["rival"].predicted.tolist() == found.policies["champion"].predicted.tolist()
    assert found.policies["champion"].predicted.min() > 0.0
    # Without the model that decided, it is not known what was too dear for it.
    assert np.isnan(
        judged(catalogue, rows, {"champion": other}, Past({}, {"dear": cheap})).policies["champion"].outside
    ).all()


def test_what_an_arm_may_not_show_lies_outside_of_its_part_of_the_log() -> None:
    arm = (
        '\n[[experiment]]\nid = "narrow"\nplacements = ["home"]\n'
        'arms = [{ id = "no-alba", share = 0.3, candidates = "offer.brand != \'Alba\'" }]\n'
    )
    catalogue, model = world("{ epsilon = 1.0 }", arm), model_of({})
    records = decided(catalogue, model, 400, divided=True)
    in_arm = np.array([record.decision.group == "narrow/no-alba" for record in records])
    assert 0.2 < in_arm.mean() < 0.4
    rows = [Earned(record, 0, 0.0) for record in records]
    found = judged(catalogue, rows, {"champion": model}, order=(ALBA[1],))
    for name, outside in (("constant", 1.0), ("champion", None)):
        policy = found.policies[name]
        assert not policy.outside[~in_arm].any()
        assert (policy.outside[in_arm] > 0.1).all()
        assert outside is None or set(policy.outside[in_arm]) == {outside}
    assert "never tried" in support_of(found.logged, found.policies["constant"]).refusal


SHARE = 0.25
HELD = f"\n[holdout]\nshare = {SHARE}\n"


def test_persons_held_out_count_where_showing_nothing_is_a_choice() -> None:
    catalogue = world("{ epsilon = 0.5, temperature = 0.0 }", HELD, "increment")
    own, other = model_of({}, "increment", overall=-1.0), model_of({ALBA[1]: 3.0}, "increment", overall=-1.0)
    records = decided(catalogue, own, 1_500, divided=True)
    held = np.array([record.decision.group == HOLDOUT for record in records])
    silent = np.array([not record.decision.offers for record in records])
    assert silent[~held].any()
    assert not silent[~held].all()
    rows = [Earned(record, 0, 5.0 if not record.decision.offers else 2.0) for record in records]
    found = judged(catalogue, rows, {"champion": other}, Past({own.version: own}, {}))
    assert len(found.logged) == len(records)
    probability = {record.id: record.decision.none_probability for record in records}
    mean = np.mean([p for p, out in zip(probability.values(), held, strict=True) if not out])
    assert found.logged.probability[held].mean() == pytest.approx(SHARE + 0.75 * mean, rel=0.02)
    weights = found.policies["champion"].chance / found.logged.probability
    assert weights.mean() == pytest.approx(1.0, abs=0.25)
    assert found.policies["champion"].outside.max() == 0.0

    unknown = judged(catalogue, rows, {"champion": other})
    assert len(unknown.logged) == (~held).sum()
    assert (found.held_out, unknown.held_out) == (held.sum(), 0)
    told = [" ".join(evaluation_notes(evaluation_of(one))) for one in (found, unknown)]
    assert [f"{held.sum():,} of the decisions were held out" in one for one in told] == [True, False]
    assert unknown.skipped == {"held out where showing nothing can win": int(held.sum())}


def test_a_prior_decides_as_no_model_did() -> None:
    catalogue = world("{ epsilon = 0.0, temperature = 0.0 }")
    records = [changed(record, model=None) for record in decided(catalogue, prior_model(GOAL), 40)]
    found = judged(
        catalogue,
        [Earned(record, 0, 0.0) for record in records],
        {"champion": model_of({OfferId("brisa-family"): 0.9})},
    )
    assert (found.policies["champion"].outside == 1.0).sum() > 10


def test_an_increment_stands_beside_nothing() -> None:
    """Silence brings five where offers bring two; who shows nothing earns that, and has no reason to be asked of it."""
    catalogue = world("{ epsilon = 0.5, temperature = 0.0 }", objective="increment")
    records = decided(catalogue, model_of({}, "increment", overall=-1.0), 1_000)
    rows = [Earned(record, 0, 2.0 if record.decision.offers else 5.0) for record in records]
    found = evaluation_of(
        judged(catalogue, rows, {"champion": model_of({}, "increment", overall=1.0)}, order=(ALBA[1],))
    )
    assert found.of("nothing").snips.value == pytest.approx(5.0)
    assert found.of("nothing").gain.low > 2.0
    assert found.of("nothing").support.refusal == ""
    response = world("{ epsilon = 0.5, temperature = 0.0 }")
    rows = [Earned(record, 0, 0.0) for record in decided(response, model_of({}), 40)]
    assert NOTHING not in judged(response, rows, {"champion": model_of({})}).policies


def test_without_anything_before_there_is_no_constant() -> None:
    catalogue = world("{ epsilon = 0.5, temperature = 0.0 }")
    rows = [Earned(record, 0, 0.0) for record in decided(catalogue, model_of({}), 200)]
    found = evaluation_of(judged(catalogue, rows, {"champion": model_of({})}))
    assert "constant" not in [one.policy for one in found.comparisons]
    assert found.of("champion").gain.refusal == "there is nothing to gain over"
    assert "There is no constant" in " ".join(evaluation_notes(found))
    assert "nan" not in evaluation_page(found, "Title")


def test_a_person_known_by_two_names_is_one_cluster_in_one_fold() -> None:
    catalogue = world("{ epsilon = 1.0 }")
    rows = [Earned(record, 0, 0.0) for record in decided(catalogue, model_of({}), 200)]
    names = sorted({f"c:{row.record.customer}" for row in rows})
    kin = {name: f"c:pair-{place // 2}" for place, name in enumerate(names)}
    question = question_of(catalogue.workspace, GOAL, Instant(START + 10 * WEEK))
    catalogues = {str(catalogue.version): catalogue}
    lessons = read_lessons(rows, question, catalogues, kin)
    assert lessons.fold.tolist() == [fold_of(kin[f"c:{row.record.customer}"]) for row in rows]
    rewards = fit_rewards(lessons, GOAL, "response", threads=1)
    found = judge(rows, question, catalogues, {"champion": model_of({})}, (), rewards, kin=kin)
    assert len(np.unique(found.logged.cluster)) == len(names) / 2
    assert set(found.subject.tolist()) == set(kin.values())
