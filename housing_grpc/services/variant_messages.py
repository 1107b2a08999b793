"""Which of two models gave a price, in the contract's words."""

from housing.v1 import prediction_pb2 as pb

from housing_grpc.receipts.record import Variant

VARIANTS = {
    Variant.CHAMPION: pb.VARIANT_CHAMPION,
    Variant.CHALLENGER: pb.VARIANT_CHALLENGER,
}

# Messages are joined by joining their bytes: these are put after an answer.
OF_HOUSE = {
    ours: pb.PredictResponse(variant=each).SerializeToString() for ours, each in VARIANTS.items()
}
OF_BATCH = {
    ours: pb.PredictBatchResponse(variant=each).SerializeToString()
    for ours, each in VARIANTS.items()
}
