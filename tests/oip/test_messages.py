"""The messages of the protocol are in a pool of their own."""

import pytest
from google.protobuf import descriptor_pool

from housing_grpc.oip.messages import ModelInferRequest


def test_the_pool_of_the_process_does_not_know_them() -> None:
    name = ModelInferRequest.DESCRIPTOR.full_name
    with pytest.raises(KeyError):
        descriptor_pool.Default().FindMessageTypeByName(name)
