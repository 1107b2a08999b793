"""Examples of messages, by full name; a test parses each as strictly as a request."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

_EXTRAPOLATED = (
    "Interval is an extrapolation: the share of 90 % holds no promise for a house unlike the "
    "training data"
)


@cache
def _all() -> dict[str, Any]:
    # The form at / fills in the same house.
    text = files("housing_grpc.rest").joinpath("static/example-house.json").read_text("utf-8")
    house = json.loads(text)
    price = {
        "prediction": 24.2,
        "model_version": "2",
        "timestamp": "2026-01-02T03:04:05.678901Z",
        "warnings": [],
        "range_warnings": [],
        "imputed_features": [],
        "interval": {"lower": 20.1, "upper": 28.4, "level": 0.9, "extrapolated": False},
        "applicability": {"p_value": 0.62, "distance": 0.94, "odd_features": []},
    }
    warned = {
        "prediction": 40.1,
        "warnings": [
            "Feature 'RM' value 12.5 is outside training range [3.561, 8.78]",
            "House is unlike any of the training data (p-value 0.002); it differs most in RM",
            _EXTRAPOLATED,
        ],
        "range_warnings": [{"feature": "RM", "value": 12.5, "min": 3.561, "max": 8.78}],
        "imputed_features": ["CRIM", "ZN"],
        "interval": {"lower": 15.6, "upper": 64.6, "level": 0.9, "extrapolated": True},
        "applicability": {"p_value": 0.002, "distance": 7.3, "odd_features": ["RM"]},
    }
    return {
        "housing.v1.House": house,
        "housing.v1.PredictRequest": {"house": house},
        "housing.v1.PredictBatchRequest": {"items": [house, {"RM": 6.1, "LSTAT": 12.0}]},
        "housing.v1.PredictResponse": price,
        "housing.v1.RowResult": warned,
        "housing.v1.ReloadModelRequest": {"version": "2"},
        "housing.v1.RecordOutcomesRequest": {
            "items": [
                {
                    "receipt": "The 240 characters that came with the price",
                    "actual": 23.5,
                    "observed_at": "2026-01-30T12:00:00Z",
                    "source": "land-registry",
                }
            ]
        },
        "housing.v1.RecordOutcomesResponse": {"results": [{"recorded": "RECORDED_NEW"}]},
    }


def of(name: str) -> Any:
    """Returns the example of a message, or None if there is none."""
    return _all().get(name)


def names() -> list[str]:
    """Returns the messages that have an example."""
    return list(_all())
