"""The servicers without a network."""

from typing import Any

import grpc_testing
import numpy as np
import pytest
from grpc import StatusCode
from housing.v1.model_pb2 import ModelInfoRequest
from housing.v1.prediction_pb2 import PredictResponse, RangeWarning

from housing_grpc.houses.decode import HouseRequest
from housing_grpc.model.folder_source import FolderSource
from housing_grpc.model.pinned_models import PinnedModels
from housing_grpc.services.model_service import ModelServicer
from housing_grpc.services.open_streams import OpenStreams, StreamLimits
from housing_grpc.services.predict_stream import StreamScorer
from housing_grpc.services.prediction_service import PredictionServicer
from tests.support.examples import Example
from tests.support.model_manager import ModelManager
from tests.support.scorers import new_scorer
from tests.support.serving import MODEL, PREDICTION


@pytest.fixture
def server(linear: Example) -> Any:
    manager = ModelManager(FolderSource(linear.folder), trial=lambda _: None)
    manager.start()
    limits = StreamLimits(idle_seconds=1, age_seconds=1)
    scorer = new_scorer()
    streams = StreamScorer(manager, manager.split, PinnedModels(), scorer, OpenStreams(limits))
    servicers = {
        PREDICTION: PredictionServicer(manager, manager.split, streams, scorer),
        MODEL: ModelServicer(manager, manager.manager, explain_seconds=0.25),
    }
    return grpc_testing.server_from_dictionary(
        servicers, grpc_testing.strict_fake_time(1_800_000_000)
    )


def invoke(server: Any, service: Any, method: str, request: Any) -> Any:
    descriptor = service.methods_by_name[method]
    call = server.invoke_unary_unary(descriptor, (), request, None)
    answer, _, code, _ = call.termination()
    assert code is StatusCode.OK
    return answer


def test_predict(server: Any, linear: Example) -> None:
    row = np.full((1, 13), np.nan)
    row[0, [3, 5, 8]] = (0, 9, 4)
    data = invoke(server, PREDICTION, "Predict", HouseRequest(row.tobytes()))
    answer = PredictResponse.FromString(data)
    assert answer == PredictResponse(
        prediction=answer.prediction,
        model_version=linear.version,
        timestamp=answer.timestamp,
        warnings=["Feature 'RM' value 9 is outside training range [3.561, 8.78]"],
        range_warnings=[RangeWarning(feature="RM", value=9, min=3.561, max=8.78)],
        imputed_features=[
            "CRIM", "ZN", "INDUS", "NOX", "AGE", "DIS", "TAX", "PTRATIO", "B", "LSTAT",
        ],
    )  # fmt: skip
    assert answer.prediction == pytest.approx(linear.prices(row)[0], abs=1e-4)


def test_model_info(server: Any, linear: Example) -> None:
    answer = invoke(server, MODEL, "ModelInfo", ModelInfoRequest())
    assert (answer.version, answer.generation) == (linear.version, 1)
