"""Which places of a version's files may be asked, as the registry chooses them."""

import pytest

from housing_grpc.bundle.errors import BundleUnsafeError
from housing_grpc.registry import allowed_address

REGISTRY = "https://mlflow.example:5000/base"


@pytest.mark.parametrize(
    "allowed",
    [
        "/srv/my models/\u00e4",
        "file:///srv/model",
        "s3://bucket/model",
        "gs://bucket/model",
        "https://mlflow.example:5000/api/2.0/mlflow-artifacts/artifacts/x",
        "wasbs://models@store1.blob.core.windows.net/x",
        "wasbs://$root@store1.blob.core.chinacloudapi.cn/x",
        "abfss://models@store1.dfs.core.usgovcloudapi.net/x",
    ],
)
def test_the_places_of_registries(allowed: str) -> None:
    allowed_address.check(allowed, REGISTRY)


@pytest.mark.parametrize(
    "refused",
    [
        # The last @ begins the host's name for some, the backslash ends it for others.
        "abfss://fs@127.0.0.1:1\\@foo.dfs.core.windows.net/x",
        "wasbs://c@2130706433:1\\@foo.blob.core.windows.net/x",
        "abfss://fs@evil.example#@foo.dfs.core.windows.net/x",
        "abfss://fs@evil.example?@foo.dfs.core.windows.net/x",
        "abfss://fs@evil.example%2f@foo.dfs.core.windows.net/x",
        "abfss://fs@evil.example@foo.dfs.core.windows.net/x",
        "abfss://fs@foo.dfs.core.windows.net.evil.example/x",
        "abfss://fs@foo.dfs.core.windows.net:1/x",
        "abfss://fs@foo.evil.example/.dfs.core.windows.net",
        "abfss://foo.dfs.core.windows.net/x",
        # Azure's key is for the one, its token for the other.
        "abfss://fs@foo.blob.core.windows.net/x",
        "wasbs://fs@foo.dfs.core.windows.net/x",
        "abfss://fs@foo\u3002dfs.core.windows.net/x",
        "https://evil.example\\@mlflow.example:5000/x",
        "https://evil.example@a@mlflow.example:5000/x",
        "https://mlflow.example/x",
        "http://mlflow.example:5000/x",
        " https://mlflow.example:5000/x",
        "https://mlflow.\texample:5000/x",
        "s3://bucket\\@evil.example/x",
        "s3://bucket\n/x",
        "sftp://user@evil.example/x",
        "ftp://evil.example/x",
        "hdfs://evil.example/x",
        "dbfs:/x",
        "r2://bucket@evil.example/x",
        "b2://bucket/x",
        "models:/other/1",
        "runs:/other/x",
    ],
    ids=ascii,
)
def test_a_place_that_may_be_a_strangers(refused: str) -> None:
    with pytest.raises(BundleUnsafeError, match="neither the registry itself"):
        allowed_address.check(refused, REGISTRY)
