"""Houses: from the bytes of a request to rows, and from prices to the bytes of an answer.

In the order of a call: `decode` makes rows, in C, or once `row_limit` has counted them (`wire`);
`partition` sums them up (`row_summary`) and asks `domain` why some are refused; `encode` writes the
answer.
"""
