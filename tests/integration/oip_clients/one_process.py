"""tritonclient, our client and our own messages of the protocol in one process.

`python one_process.py PORT MODEL SITE_PACKAGES [reversed]`; prints both prices, as JSON.
"""

import importlib
import json
import sys

import numpy as np

NAMES = ["tritonclient.grpc", "housing_grpc.oip.messages", "clients.python"]


def main(port: str, model: str, packages: str, order: str = "") -> None:
    """Asks both clients for the price of one house."""
    # Behind our own: of what both have, ours is taken.
    sys.path.append(packages)
    names = NAMES[::-1] if order else NAMES
    modules = {name: importlib.import_module(name) for name in names}
    triton, ours = modules["tritonclient.grpc"], modules["clients.python"]
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


if __name__ == "__main__":
    main(*sys.argv[1:])
