"""Names for the identifiers and the unit of time that every room shares."""

from typing import NewType

OfferId = NewType("OfferId", str)
PlacementId = NewType("PlacementId", str)
GoalId = NewType("GoalId", str)
RuleId = NewType("RuleId", str)
LeverId = NewType("LeverId", str)
PolicyId = NewType("PolicyId", str)
VolumeId = NewType("VolumeId", str)
CustomerId = NewType("CustomerId", str)
VisitorId = NewType("VisitorId", str)
DecisionId = NewType("DecisionId", str)
CatalogueVersion = NewType("CatalogueVersion", str)
ModelVersion = NewType("ModelVersion", str)
ExperimentId = NewType("ExperimentId", str)
ArmId = NewType("ArmId", str)

Instant = NewType("Instant", int)
"""A moment: whole milliseconds since 1970-01-01T00:00:00Z."""

Duration = NewType("Duration", int)
"""A length of time in whole milliseconds."""
