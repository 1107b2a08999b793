"""The null server: the contract's messages over gRPC, and no model.

What it costs is what grpcio, protobuf and the kernel cost; a figure of the server
divided by its figure is what the server adds. It is written as any gRPC server in
Python is, with the generated servicer, and has the options and the threads of ours.

`python -m bench.null --port 50970 --threads 8`
"""

import argparse
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from housing.v1 import prediction_pb2 as pb
from housing.v1 import prediction_pb2_grpc as pb_grpc

PRICE = 24.0
_ANSWER = pb.PredictResponse(prediction=PRICE, model_version="1", timestamp={"seconds": 1})
_ROW = pb.RowResult(prediction=PRICE)
_DOUBLE_BYTES = 8


class NullServicer(pb_grpc.PredictionServiceServicer):
    """Answers every house with the same price."""

    def Predict(  # noqa: N802 - the contract names the methods
        self,
        request: pb.PredictRequest,  # noqa: ARG002 - parsed, and that is all
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> pb.PredictResponse:
        """Answers one house."""
        return _ANSWER

    def PredictBatch(  # noqa: N802
        self,
        request: pb.PredictBatchRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> pb.PredictBatchResponse:
        """Answers many houses."""
        return pb.PredictBatchResponse(results=[_ROW] * len(request.items), model_version="1")

    def PredictStream(  # noqa: N802
        self,
        request_iterator: Iterator[pb.PredictStreamRequest],
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> Iterator[pb.PredictStreamResponse]:
        """Answers chunks of houses, and sums up."""
        summary = pb.StreamSummary(model_versions=["1"])
        for request in request_iterator:
            chunk = pb.ChunkResult(sequence=request.sequence, model_version="1")
            if request.WhichOneof("payload") == "matrix":
                row_bytes = _DOUBLE_BYTES * len(request.matrix.features)
                rows = len(request.matrix.values) // row_bytes
                chunk.prices.values = bytes(_DOUBLE_BYTES * rows)
            else:
                rows = len(request.rows.items)
                chunk.rows.items.extend([_ROW] * rows)
            summary.chunks += 1
            summary.rows += rows
            yield pb.PredictStreamResponse(chunk=chunk)
        yield pb.PredictStreamResponse(summary=summary)


def start(port: int, threads: int) -> grpc.Server:
    """Serves on the loopback address until it is stopped.

    Raises:
        RuntimeError: The port is taken.
    """
    server = grpc.server(
        ThreadPoolExecutor(threads),
        options=(
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", 4 * 2**20),
            ("grpc.max_send_message_length", -1),
        ),
    )
    pb_grpc.add_PredictionServiceServicer_to_server(NullServicer(), server)
    probes = health.HealthServicer()
    probes.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(probes, server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server


def main(arguments: list[str]) -> None:
    """Serves until a signal."""
    parser = argparse.ArgumentParser(prog="python -m bench.null", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--threads", type=int, default=8)
    chosen = parser.parse_args(arguments)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    server = start(chosen.port, chosen.threads)
    ended.wait()
    server.stop(None).wait()


if __name__ == "__main__":
    main(sys.argv[1:])
