"""tritonclient, our client and our own messages of the protocol in one process.

`python one_process.py PORT MODEL SITE_PACKAGES [reversed]`; prints both prices, as JSON.
"""

import importlib
import json
import sys
from typing import Any

import numpy as np
from google.protobuf import descriptor_pool

NAMES = ["tritonclient.grpc", "housing_grpc.oip.messages", "clients.python"]


def main(port: str, model: str, packages: str, order: str = "") -> None:
    """Asks both clients for the price of one house."""
    # Behind our own: of what both have, ours is taken.
    sys.path.append(packages)
    names = NAMES[::-1] if order else NAMES
    modules = {name: importlib.import_module(name) for name in names}
    triton, ours = modules["tritonclient.grpc"], modules["clients.python"]
    check_fields(modules["housing_grpc.oip.messages"].SERVICE.file)
    row = np.full((1, 13), np.nan)
    row[0, 5], row[0, 12] = 6.5, 4.98
    tensor = triton.InferInput("input", [1, 13], "FP64")
    tensor.set_data_from_numpy(row)
    address = f"127.0.0.1:{port}"
    with ours.HousingClient(address) as client:
        price = client.predict(RM=6.5, LSTAT=4.98).price
    with triton.InferenceServerClient(address) as client:
        found = client.infer(model, [tensor]).as_numpy("predict")
    print(json.dumps([price, found[0]]))


def check_fields(ours: Any) -> None:
    """Compares every field, value and call of ours with that of the protocol."""
    theirs = descriptor_pool.Default()
    messages = list(ours.message_types_by_name.values())
    for message in messages:
        stock = theirs.FindMessageTypeByName(message.full_name)
        messages += message.nested_types
        for field in message.fields:
            same = stock.fields_by_name[field.name]
            kinds = [(each.number, each.type, each.is_repeated) for each in (field, same)]
            assert kinds[0] == kinds[1], field.full_name
    for enum in ours.enum_types_by_name.values():
        known = theirs.FindEnumTypeByName(enum.full_name).values_by_name
        for value in enum.values:
            assert value.number == known[value.name].number, value.name
    service = theirs.FindServiceByName("inference.GRPCInferenceService")
    for method in ours.services_by_name["GRPCInferenceService"].methods:
        called = service.methods_by_name[method.name]
        assert called.input_type.full_name == method.input_type.full_name
        assert called.output_type.full_name == method.output_type.full_name
        assert called.server_streaming == method.server_streaming


if __name__ == "__main__":
    main(*sys.argv[1:])
