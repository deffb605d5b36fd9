from prometheus_client import CollectorRegistry, generate_latest

from decision.care.figures import CareFigures
from decision.care.report import Calibrated, CareReport, Evidence, GoalCare, decode_report, encode_report
from models.reference import Stability
from rules.ids import GoalId, Instant, ModelVersion

REPORT = CareReport(
    made=Instant(1_790_000_000_000),
    present=Instant(1_789_999_000_000),
    decisions=200,
    fallbacks=4,
    degraded={"profile": 10},
    warnings=("much fell back",),
    goals={
        GoalId("accept"): GoalCare(
            version=ModelVersion("m" * 16),
            created=Instant(1_789_990_000_000),
            trained=True,
            drift={"age": Stability(0.25, 0.01)},
            prediction=Stability(0.125, 0.01),
            calibrated=Calibrated(1.5, 4.0, ()),
            evidence=Evidence(10, 4, (1, 2, 5, 8, 10), ()),
            warnings=("old", "drifted"),
        ),
        GoalId("book"): GoalCare(version=ModelVersion("n" * 16), created=Instant(0), trained=False),
    },
)


def test_a_report_becomes_figures() -> None:
    figures, registry = CareFigures(), CollectorRegistry()
    registry.register(figures)
    families = {family.name for family in figures.collect()}
    assert not any(sample for family in figures.collect() for sample in family.samples)
    figures.report = REPORT
    text = generate_latest(registry).decode()
    for series in (
        "concierge_care_time_seconds 1.79e+09",
        'concierge_degraded_share{part="fallback"} 0.02',
        'concierge_degraded_share{part="profile"} 0.05',
        'concierge_care_warnings{goal=""} 1.0',
        'concierge_care_warnings{goal="accept"} 2.0',
        'concierge_care_warnings{goal="book"} 0.0',
        'concierge_model_age_seconds{goal="accept"} 10000.0',
        'concierge_feature_drift{feature="age",goal="accept"} 0.25',
        'concierge_prediction_drift{goal="accept"} 0.125',
        'concierge_model_calibration{goal="accept"} 1.5',
        'concierge_offers_below{below="100",goal="accept"} 5.0',
        'concierge_thin_share{goal="accept"} 0.4',
    ):
        assert series in text, series
    assert all(f"# TYPE {family} gauge" in text for family in families)
    assert 'concierge_feature_drift{feature="age",goal="book"}' not in text


def test_a_report_is_read_as_it_was_written_and_a_foreign_one_not_at_all() -> None:
    assert decode_report(encode_report(REPORT)) == REPORT
    assert decode_report(b"\x81\xa4made\xa1x") is None
