"""Tells how good prices were in the contract's words."""

import math

from google.protobuf.timestamp_pb2 import Timestamp
from housing.v1 import feedback_pb2 as pb

from housing_grpc.feedback.measuring import Measured
from housing_grpc.feedback.quality import Coverage


def message_of(measured: Measured, expected_mae: float) -> pb.ModelQuality:
    """Returns how good a model was.

    Args:
        measured: What is known of it.
        expected_mae: Error that its intervals lead to expect; NaN if that is not known.
    """
    labels, figures = measured.labels, measured.figures
    message = pb.ModelQuality(
        model_version=measured.version,
        bundle_digest=labels.digest,
        live=measured.live,
        total_labels=labels.total,
        labels=figures.labels,
        sums=pb.ErrorSums(error=figures.error, absolute=figures.absolute, squared=figures.squared),
        rmse=_known(figures.rmse),
        mae=_known(figures.mae),
        bias=_known(figures.bias),
        skill=_known(figures.skill),
        expected_mae=_known(expected_mae),
        interval=_interval(figures.coverage) if figures.coverage else None,
    )
    if labels.total:
        message.latest.CopyFrom(_timestamp(labels.latest))
    return message


def _interval(coverage: Coverage) -> pb.IntervalQuality:
    return pb.IntervalQuality(
        labels=coverage.labels,
        covered=coverage.covered,
        ratio=coverage.ratio,
        lower=coverage.lower,
        upper=coverage.upper,
        detector=coverage.statistic,
        alarm=coverage.alarm,
    )


def _known(number: float) -> float | None:
    return None if math.isnan(number) else number


def _timestamp(microseconds: int) -> Timestamp:
    moment = Timestamp()
    moment.FromMicroseconds(microseconds)
    return moment
