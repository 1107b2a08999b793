"""ModelInfo: all about the live model."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
from housing.v1.model_pb2 import (
    FeatureInfo,
    ModelInfoResponse,
    ReloadModelRequest,
    TargetInfo,
)

import housing_grpc
from admin.data.dataset import Dataset
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle.metadata import Metadata
from housing_grpc.bundle.schema import FEATURES
from tests.support import examples
from tests.support.calls import info_of
from tests.support.client import SECONDS, Client
from tests.support.examples import EVALUATOR, MODEL_NAME, TRAINED_AT, Example
from tests.support.serving import Serve


def feature_infos(houses: Dataset) -> list[FeatureInfo]:
    columns = houses.features
    return [
        FeatureInfo(
            name=spec.name,
            unit=spec.unit,
            description=spec.description,
            min=columns[spec.name].min(),
            max=columns[spec.name].max(),
            missing_count=int(columns[spec.name].isna().sum()),
            integer=spec.name in ("CHAS", "RAD"),
            choices=[0, 1] if spec.name == "CHAS" else [],
        )
        for spec in FEATURES
    ]


def test_every_field(serve: Serve, linear: Example, houses: Dataset) -> None:
    before = datetime.now(UTC)
    info = info_of(serve(linear.folder))
    loaded_at = info.loaded_at.ToDatetime(UTC)
    assert before <= loaded_at <= datetime.now(UTC)
    expected = ModelInfoResponse(
        name=MODEL_NAME,
        version=linear.version,
        model_type="linear",
        preprocessing="v1_median",
        features=feature_infos(houses),
        target=TargetInfo(name="MEDV", unit="thousands of USD", min=5, max=50),
        metrics={"rmse": 4.5, "cv_rmse": 4.75},
        loaded_at=info.loaded_at,
        bundle_digest=linear.digest,
        data_digest=houses.digest,
        library_versions=bundle_format.read(linear.folder).metadata.library_versions,
        source="folder",
        stale=False,
        generation=1,
        run_id="run-of-linear",
        server_version=housing_grpc.__version__,
        evaluator=EVALUATOR,
        schema_digest=info.schema_digest,
        explanation=info.explanation,
    )
    expected.trained_at.FromDatetime(TRAINED_AT)
    assert info == expected
    assert info.library_versions["numpy"] == np.__version__


def test_models_of_one_schema_have_one_digest(
    serve: Serve, linear: Example, forest: Example, tmp_path: Path
) -> None:
    def priced_otherwise(metadata: Metadata) -> Metadata:
        target = msgspec.structs.replace(metadata.target, unit="USD")
        return msgspec.structs.replace(metadata, target=target)

    examples.rewrite(linear.folder, tmp_path / "bundle", change=priced_otherwise)
    folders = linear.folder, forest.folder, tmp_path / "bundle"
    one, same, other = [info_of(serve(folder)).schema_digest for folder in folders]
    # Stable: receipts and others keep it.
    assert one == "e1e95820fc4030ae5be5a63e45341876b0d44adff6a91797de107672d61eaf85"
    assert same == one
    assert other != one


def test_the_largest_is_no_larger_than_clients_take(
    serve: Serve, linear: Example, tmp_path: Path
) -> None:
    widest = chr(0x1F3E0) * 255
    # In ASCII, as metadata.json may be of 1 MiB.
    names = [f"{number:0255}" for number in range(1000)]

    def fill(metadata: Metadata) -> Metadata:
        return msgspec.structs.replace(
            metadata,
            **dict.fromkeys(("name", "model_type", "preprocessing", "run_id"), widest),
            metrics=dict.fromkeys(names, 0.5),
            library_versions=dict.fromkeys(names, names[0]),
        )

    examples.rewrite(linear.folder, tmp_path / "bundle", change=fill)
    info = info_of(serve(tmp_path / "bundle"))
    assert (info.name, len(info.metrics), len(info.library_versions)) == (widest, 1000, 1000)


def test_no_field_of_the_contract_is_forgotten(serve: Serve, honest: Example) -> None:
    info = info_of(serve(honest.folder))
    # False from a folder, and nothing was rolled back.
    always_empty = {"stale", "rolled_back_from"}
    unset = {field.name for field in info.DESCRIPTOR.fields} - {
        f.name for f, _ in info.ListFields()
    }
    assert unset == always_empty


def test_a_reload_without_a_change_leaves_it_as_it_is(client: Client) -> None:
    before = info_of(client)
    client.models.ReloadModel(ReloadModelRequest(), timeout=SECONDS)
    assert info_of(client) == before
