"""Tells how good prices were in the contract's words."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from google.protobuf.timestamp_pb2 import Timestamp
from housing.v1 import feedback_pb2 as pb

from housing_grpc.feedback.outcome import Labels, ModelLabels
from housing_grpc.model.live import LiveModel
from housing_grpc.receipts.record import DIGEST_DIGITS

_MOST_LABELS = 1000
_MOST_MODELS = 100
_LEVEL = 0.9
# As servers name a bundle that did not come from a registry.
_FOLDER_DIGITS = 12


class Outcomes(Protocol):
    """Where outcomes are kept."""

    def labels(self, digest: str, most: int) -> Labels:
        """Returns the latest outcomes of a model."""
        ...

    def models(self) -> list[ModelLabels]:
        """Returns how many outcomes each model has, that with the latest one first."""
        ...


def of_models(store: Outcomes, live: LiveModel) -> Iterator[pb.ModelQuality]:
    """Yields how good each model was: the live one first, then that with the latest outcome.

    Raises:
        StoreUnavailableError: The store does not answer.
    """
    digest, version = live.bundle.digest[:DIGEST_DIGITS], live.version
    found = {each.digest: each for each in store.models()}
    own = found.pop(digest, ModelLabels(digest=digest, version=0, total=0, latest=0))
    yield _quality(own, store.labels(digest, _MOST_LABELS), version=version, live=True)
    for each in list(found.values())[: _MOST_MODELS - 1]:
        name = str(each.version) if each.version else each.digest[:_FOLDER_DIGITS]
        yield _quality(each, store.labels(each.digest, _MOST_LABELS), version=name, live=False)


def _quality(model: ModelLabels, labels: Labels, *, version: str, live: bool) -> pb.ModelQuality:
    errors = labels.price - labels.actual
    count = len(errors)
    message = pb.ModelQuality(
        model_version=version,
        bundle_digest=model.digest,
        live=live,
        total_labels=model.total,
        labels=count,
        sums=pb.ErrorSums(
            error=errors.sum(), absolute=np.abs(errors).sum(), squared=np.square(errors).sum()
        ),
    )
    if count:
        message.rmse = (message.sums.squared / count) ** 0.5
        message.mae = message.sums.absolute / count
        message.bias = message.sums.error / count
        message.latest.CopyFrom(_timestamp(model.latest))
    interval = _interval(labels)
    if interval is not None:
        message.interval.CopyFrom(interval)
    return message


def _interval(labels: Labels) -> pb.IntervalQuality | None:
    held = labels.level == _LEVEL
    count = int(held.sum())
    if not count:
        return None
    within = (labels.lower <= labels.actual) & (labels.actual <= labels.upper)
    covered = int((within & held).sum())
    return pb.IntervalQuality(labels=count, covered=covered, ratio=covered / count)


def _timestamp(microseconds: int) -> Timestamp:
    moment = Timestamp()
    moment.FromMicroseconds(microseconds)
    return moment
