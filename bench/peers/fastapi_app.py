"""The design that many start with: FastAPI, pydantic, a pipeline in joblib, pandas, uvicorn.

Run by the peer's own Python: `uvicorn fastapi_app:app`, with PIPELINE=FILE. It does what
our server does for a house: missing values, warnings, version and time.
"""

import os
from datetime import UTC, datetime
from typing import Any

import joblib
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel, Field

FEATURES = (
    "CRIM", "ZN", "INDUS", "CHAS", "NOX", "RM", "AGE", "DIS", "RAD", "TAX", "PTRATIO", "B",
    "LSTAT",
)  # fmt: skip
# Of the shipped data, as any author of such a service would write them down.
RANGES = {"RM": (3.561, 8.78), "LSTAT": (1.73, 37.97), "CRIM": (0.00632, 88.9762)}


class House(BaseModel):
    """One house; what is left out is imputed."""

    CRIM: float | None = Field(None, ge=0)
    ZN: float | None = Field(None, ge=0)
    INDUS: float | None = None
    CHAS: int | None = Field(None, ge=0, le=1)
    NOX: float | None = None
    RM: float | None = None
    AGE: float | None = None
    DIS: float | None = None
    RAD: int | None = None
    TAX: float | None = None
    PTRATIO: float | None = None
    B: float | None = None
    LSTAT: float | None = None


class Price(BaseModel):
    """The answer for one house."""

    prediction: float
    model_version: str
    timestamp: datetime
    warnings: list[str]
    imputed_features: list[str]


app = FastAPI()
_pipeline: Any = joblib.load(os.environ["PIPELINE"])


@app.post("/predict")
async def predict(house: House) -> Price:
    """Prices one house. On the event loop: with one core that is faster than threads."""
    values = house.model_dump()
    row = pd.DataFrame([values], columns=list(FEATURES), dtype="float64")
    price = float(_pipeline.predict(row)[0])
    warnings = [
        f"{name} is outside [{low}, {high}]"
        for name, (low, high) in RANGES.items()
        if values[name] is not None and not low <= values[name] <= high
    ]
    return Price(
        prediction=price,
        model_version="1",
        timestamp=datetime.now(UTC),
        warnings=warnings,
        imputed_features=[name for name in FEATURES if values[name] is None],
    )
