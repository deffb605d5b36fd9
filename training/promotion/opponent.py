"""What a challenger is held against: the model in use, as far as it has not learned from what is judged."""

import msgspec
import numpy as np

from decision.version.rates_job import pooling_attribute
from models.artefact import Artefact, encode_artefact
from models.model import Model, load_model
from models.rates import PRIOR, Count, group_of, smooth
from rules.catalogue import Catalogue
from rules.ids import ModelVersion, OfferId, PlacementId
from training.learning.rows import Rows


class Champion(msgspec.Struct, frozen=True, eq=False):
    """The model in use; without one its version is None, and the prior stands in for it.

    `pointer` is the version that the goal's pointer named, which may be one for another objective.
    """

    model: Model
    version: ModelVersion | None
    pointer: str | None = None

    @property
    def artefact(self) -> Artefact | None:
        """What it is made of, None where it is but the prior."""
        return None if self.version is None else self.model.artefact

    @property
    def counts(self) -> bool:
        """Whether it is rates, which go on counting: what they know can be told from any rows."""
        return self.artefact is not None and self.artefact.kind == "rates"


def recounted(champion: Champion, rows: Rows, catalogue: Catalogue) -> Champion:
    """The champion as it would be if it had seen these rows alone: rates counted anew, any other model as it is."""
    artefact = champion.artefact
    if artefact is None or not champion.counts:
        return champion
    pooled = pooling_attribute(catalogue)
    groups = dict(zip(catalogue.offers.ids, group_of(catalogue.offers, pooled), strict=True))
    keys, place = np.unique(np.stack([rows.placement, rows.offer], 1), axis=0, return_inverse=True)
    trials, totals = np.bincount(place.ravel()), np.bincount(place.ravel(), rows.target)
    counts = [
        Count(PlacementId(placement), OfferId(offer), groups.get(OfferId(offer), ""), int(shown), float(total))
        for (placement, offer), shown, total in zip(keys.tolist(), trials, totals, strict=True)
    ]
    rates = smooth(counts, pooled, prior=PRIOR[artefact.objective])
    counted = load_model(encode_artefact(msgspec.structs.replace(artefact, rates=rates)))
    return msgspec.structs.replace(champion, model=counted)
