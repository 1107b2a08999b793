"""The Open Inference Protocol over gRPC: another dialect onto the same scorer.

`messages` has the protocol's messages, which `field_limit` bounds while they are bytes. `request`
reads a ModelInferRequest into rows and what is asked of them, with `tensors` for the values and
`parameters` for the rest; `inference` has the rows scored, and `outputs` writes the answer.
`servicer` has a method for each rpc, of which `stream` is ModelStreamInfer and `metadata` fills the
ones about the model. `refusals` are the errors, `unimplemented` answers what is not offered.
"""
