"""Makes the bucket of MLFLOW_BUCKET_NAME in the S3 store, unless it is there already.

Reads the variables that the MLflow server itself reads: MLFLOW_S3_ENDPOINT_URL,
AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
"""

import os
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

_OURS = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})
_LIMITS = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 5})


def main() -> int:
    """Returns the exit code."""
    for name in ("MLFLOW_BUCKET_NAME", "MLFLOW_S3_ENDPOINT_URL"):
        if not os.environ.get(name):
            print(f"error: set {name}", file=sys.stderr)
            return 2
    bucket, endpoint = os.environ["MLFLOW_BUCKET_NAME"], os.environ["MLFLOW_S3_ENDPOINT_URL"]
    store = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=_LIMITS)
    try:
        store.create_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in _OURS:
            return _fail(bucket, endpoint, error)
    except BotoCoreError as error:
        return _fail(bucket, endpoint, error)
    print(f"bucket {bucket} is there")
    return 0


def _fail(bucket: str, endpoint: str, error: Exception) -> int:
    print(f"error: bucket {bucket} at {endpoint}: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
