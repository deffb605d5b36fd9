"""Does serving give the very scores that training gave, on the catalogue in use?"""

from decision.engine.snapshot import Snapshot
from models.artefact import Artefact, encode_artefact
from models.gate import Check
from models.model import load_model
from rules.catalogue import Catalogue
from rules.errors import ArtefactError

WARM_UP = "warm-up"
"""The check that no model is put to use without, by force neither."""


def check_warm_up(artefact: Artefact, catalogue: Catalogue) -> Check:
    """The artefact must load, reproduce its warm-up rows bit for bit, and bind to the catalogue's offers."""
    rows = len(artefact.warm_up.rows)
    try:
        model = load_model(encode_artefact(artefact))
        Snapshot.build(catalogue, {model.goal: model})
    except ArtefactError as error:
        return Check(WARM_UP, False, str(error))
    return Check(WARM_UP, True, f"All {rows} rows give the very scores that training gave.", float(rows))
