"""What scores houses, without a server around it."""

from types import SimpleNamespace
from typing import Any

from housing_grpc.metrics.explanations import ExplanationMetrics
from housing_grpc.metrics.predictions import PredictionMetrics
from housing_grpc.receipts.keyring import ReceiptKeys
from housing_grpc.services.evaluation_watchdog import Watchdog
from housing_grpc.services.explainer import Explainer
from housing_grpc.services.receipts import Receipts
from housing_grpc.services.scorer import Scorer

CONTEXT: Any = SimpleNamespace(time_remaining=lambda: 60.0, is_active=lambda: True)
"""Of a call that somebody waits for."""


def new_scorer(seconds: float = 0.25) -> Scorer:
    """Returns a scorer as a server has one.

    Args:
        seconds: Most processor time to explain the prices of one call.
    """
    watchdog = Watchdog(60, lambda _: None)
    explainer = Explainer(ExplanationMetrics(), watchdog, seconds=seconds, workers=8)
    return Scorer(PredictionMetrics(), watchdog, explainer, Receipts(ReceiptKeys()))
