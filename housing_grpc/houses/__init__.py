"""Houses: from the bytes of a request to rows, and from prices to the bytes of an answer.

In the order of a call: `row_limit` counts before anything is parsed (`wire`), `decode` makes rows,
`partition` sets aside those that `domain` refuses, and `encode` writes the answer.
"""
