"""A snapshot in another process decides as the one it was packed from, and compiles nothing of its own."""

import gc
import pickle
import subprocess
import sys
import weakref
from functools import cache
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decision.engine.engine import decide
from decision.engine.replaying import same_decision
from decision.engine.request import DecisionRequest
from decision.engine.snapshot import Snapshot
from decision.subject.profile import Profile
from decision.version.assembly import warm
from decision.version.crate import Crate, pack, parts, unpack
from models.adoption import adopt_forest
from models.artefact import encode_artefact
from models.feature import FeatureList
from models.model import Model, load_model
from rules.contact import NO_CONTACTS, contact_record, read_contacts
from rules.ids import GoalId, Instant, OfferId
from tests.decision.small_workspace import DAY, NOW, small_catalogue

TREES = 150
"""More than one piece of a crate holds."""


@cache
def forest() -> Model:
    """A forest of the small workspace's features of numbers."""
    catalogue = small_catalogue()
    features = FeatureList.of(catalogue.workspace, catalogue.schema)
    names = [spec.name for spec in features.specs if not spec.categorical]
    random = np.random.default_rng(5)
    rows = random.normal(100.0, 60.0, (600, len(names)))
    label = (rows[:, 0] + rows[:, -1] > 200).astype(np.float64)
    options = {"objective": "binary", "verbose": -1, "num_threads": 1, "min_data_in_leaf": 5}
    booster = lgb.train(options, lgb.Dataset(rows, label, feature_name=names), TREES)
    (goal,) = {placement.goal for placement in catalogue.workspace.placements.values()} & {GoalId("accept")}
    artefact = adopt_forest(booster.model_to_string(), goal, "response", features, Instant(0))
    return load_model(encode_artefact(artefact))


@cache
def snapshot() -> Snapshot:
    return Snapshot.build(small_catalogue(), {GoalId("accept"): forest()})


@cache
def copy() -> Snapshot:
    *before, last = unpack(pack(snapshot()))
    assert last is not None
    assert before == [None] * len(before)
    return last


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(small_catalogue().placements)),
    st.fixed_dictionaries({}, optional={"member": st.booleans(), "age": st.integers(0, 99)}),
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from(small_catalogue().offers.ids)), max_size=6),
    st.integers(0, 90),
    st.integers(0, 2**63),
)
def test_the_copy_decides_the_same(
    placement: str, attributes: dict[str, object], seen: list[tuple[int, OfferId]], days: int, seed: int
) -> None:
    now = Instant(NOW + days * DAY)
    records = [contact_record(Instant(now - ago * DAY), offer, "decision", "web", 1) for ago, offer in seen]
    history = read_contacts(b"".join(records)) if records else NO_CONTACTS
    request = DecisionRequest(placement)  # type: ignore[arg-type]
    first, second = (
        decide(request, Profile(attributes), history, each, now, seed)  # type: ignore[arg-type]
        for each in (snapshot(), copy())
    )
    assert same_decision(first, second)


def test_the_copy_keeps_what_is_shared_shared() -> None:
    bound = copy().catalogue.placements
    for id, ready in copy().placements.items():
        assert ready.bound is bound[id]
    (model,) = copy().models.values()
    assert model.version == forest().version


_ELSEWHERE = """
import pickle, sys
from numba.core.dispatcher import Dispatcher
from decision.version.assembly import warm
from decision.version.crate import unpack
crate, now = pickle.load(open(sys.argv[1], "rb"))
*_, snapshot = unpack(crate)
for placement in snapshot.placements:
    warm(snapshot, placement, now)
kernels = [value for name, module in list(sys.modules.items()) if name.split(".")[0] in ("rules", "models", "decision")
           for value in vars(module).values() if isinstance(value, Dispatcher)]
compiled = {kernel.__name__: dict(kernel.stats.cache_misses) for kernel in kernels if kernel.stats.cache_misses}
assert any(kernel.signatures for kernel in kernels)
assert not compiled, compiled
"""


def test_the_copy_compiles_nothing_once_it_was_warm_elsewhere(tmp_path: Path) -> None:
    for placement in copy().placements:
        warm(copy(), placement, NOW)
    file = tmp_path / "crate"
    file.write_bytes(pickle.dumps((pack(snapshot()), NOW)))
    subprocess.run([sys.executable, "-c", _ELSEWHERE, str(file)], check=True, timeout=60)


def test_parts_given_up_one_by_one_leave_nothing_behind() -> None:
    """Each lets go of something, so that none of them takes long."""
    *_, another = unpack(pack(snapshot()))
    assert another is not None
    watched = [weakref.ref(ready.features.program) for ready in another.placements.values()]
    leaving = list(parts(another))
    del another
    gc.disable()
    try:
        left = []
        while leaving:
            leaving.pop()
            left.append(sum(watch() is not None for watch in watched))
    finally:
        gc.enable()
    assert left[-1] == 0
    assert set(left) == set(range(len(watched) + 1)), "placements go one after the other"


def test_every_piece_is_a_part_of_the_whole() -> None:
    crate = pack(snapshot())
    assert crate.pieces > TREES // 64 + len(snapshot().placements)
    pieces = unpack(Crate(crate.data, crate.pieces + 1))
    with pytest.raises(EOFError):
        list(pieces)
