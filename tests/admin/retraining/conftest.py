"""A promoted model, and a store of what houses sold for since."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from admin.base.settings import Settings
from admin.export.reading import Bundle, opened
from admin.tracking.bundle_folder import download
from housing_grpc.bundle import schema
from housing_grpc.feedback import location
from housing_grpc.feedback.database import Database
from housing_grpc.feedback.store import Store
from housing_grpc.receipts.record import Model
from tests.support.examples import load_houses
from tests.support.homes import settings_of
from tests.support.outcomes import outcome, receipt

Numbers = NDArray[np.float64]
Sell = Callable[..., None]


@pytest.fixture
def settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Version 1, of a linear model, is promoted; the environment names its home."""
    monkeypatch.setenv("HOUSING_HOME", str(home))
    monkeypatch.setenv("FEEDBACK_URL", f"sqlite:///{home / 'feedback.db'}")
    return settings_of(home)


@pytest.fixture
def champion(settings: Settings, tmp_path: Path) -> Bundle:
    return opened(download(settings, 1, tmp_path / "champion"), settings.max_bundle_bytes)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    made = opened_store(settings, keep_features=True)
    yield made
    made.close()


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    """Rules that take no longer than tests need."""
    file = tmp_path / "quick.yaml"
    file.write_text(
        "comparison: {repeats: 1, folds: 5, resamples: 2000}\nspeed: {microseconds: 100000}\n"
    )
    return file


@pytest.fixture
def sell(champion: Bundle, store: Store) -> Sell:
    """Records sales: `sell(houses, factor=1.0, sources=("agent",))`."""
    digest, target = str(champion.digest), champion.metadata.target
    model = Model(digest[:16], schema.digest(target.name, target.unit)[:8], 1)

    def sold(
        rows: Numbers, factor: float = 1.0, sources: Sequence[str] = ("a", "b", "c", "d"),
        into: Store = store,
    ) -> None:  # fmt: skip
        prices = champion.predict(rows)
        into.record(
            [
                outcome(
                    float(price * factor),
                    of=receipt(float(price), model=model, row=row.tobytes()),
                    source=sources[place % len(sources)],
                )
                for place, (row, price) in enumerate(zip(rows, prices, strict=True))
            ]
        )

    return sold


def opened_store(settings: Settings, *, keep_features: bool) -> Store:
    url = location.read(f"sqlite:///{settings.home / 'feedback.db'}")
    return Store(Database(url, connections=1, seconds=10), keep_features=keep_features)


def houses(count: int, start: int = 0) -> Numbers:
    """Returns houses like those of the shipped data with prices above 15, but none of them."""
    found = load_houses()
    usual = found.features.to_numpy()[found.target.to_numpy() > 15]
    rows = np.array(usual[start : start + count])
    # A distance, which is never missing.
    rows[:, 7] += 0.01
    return rows
