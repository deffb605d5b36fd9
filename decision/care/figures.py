"""The latest report on the models in use, as figures for Prometheus."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from decision.care.report import EVIDENCE_BOUNDS, CareReport


class CareFigures(Collector):
    """Figures of the report that was read last; any worker gives the same, for the report lies in the store.

    Labels that are no more (an old model's features) are gone with the report that had them.
    """

    def __init__(self) -> None:
        self.report: CareReport | None = None

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every family, without samples where nothing is known."""
        report = self.report
        goals = {} if report is None else report.goals
        looked = GaugeMetricFamily("concierge_care_time_seconds", "When the models were looked at last, since 1970.")
        share = GaugeMetricFamily(
            "concierge_degraded_share", "Share of the last day's decisions that went without a part.", labels=["part"]
        )
        warnings = GaugeMetricFamily("concierge_care_warnings", "Warnings about a model in use.", labels=["goal"])
        if report is not None:
            looked.add_metric([], report.made / 1000)
            for part, number in {"fallback": report.fallbacks, **report.degraded}.items():
                share.add_metric([part], number / max(report.decisions, 1))
            warnings.add_metric([""], len(report.warnings))
        age = GaugeMetricFamily("concierge_model_age_seconds", "Since the model was made.", labels=["goal"])
        drift = GaugeMetricFamily(
            "concierge_feature_drift", "Stability index of a feature.", labels=["goal", "feature"]
        )
        prediction = GaugeMetricFamily(
            "concierge_prediction_drift", "Stability index of the predictions.", labels=["goal"]
        )
        calibration = GaugeMetricFamily(
            "concierge_model_calibration", "What came over what was predicted.", labels=["goal"]
        )
        evidence = GaugeMetricFamily(
            "concierge_offers_below", "Offers of which a model has seen less than so many.", labels=["goal", "below"]
        )
        thin = GaugeMetricFamily("concierge_thin_share", "Share of the offers hardly seen.", labels=["goal"])
        for goal, found in goals.items():
            warnings.add_metric([goal], len(found.warnings))
            if report is not None:
                age.add_metric([goal], (report.made - found.created) / 1000)
            for feature, shift in found.drift.items():
                drift.add_metric([goal, feature], shift.index)
            if found.prediction is not None:
                prediction.add_metric([goal], found.prediction.index)
            if found.calibrated is not None:
                calibration.add_metric([goal], found.calibrated.ratio)
            if found.evidence is not None:
                thin.add_metric([goal], found.evidence.thin / max(found.evidence.offers, 1))
                for bound, number in zip(EVIDENCE_BOUNDS, found.evidence.below, strict=True):
                    evidence.add_metric([goal, str(bound)], number)
        yield from (looked, share, warnings, age, drift, prediction, calibration, evidence, thin)
