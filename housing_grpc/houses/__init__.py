"""Houses: from the bytes of a request to rows, and from prices to the bytes of an answer.

In the order of a call: `decode` makes rows. It reads them in C; a request that C does not read, as
it is written in an unusual way, goes to protobuf's parser, once `row_limit` has counted its rows
(`wire_scan`). What is asked besides prices are its `options`. `row_validation` sums rows up
(`row_summary`) and asks `domain` why some are refused. `encode` writes what was `scored`: answers
of numbers alone (`encode_numbers`) as records (`encode_record`), those with more to say one by one
(`encode_details`).
"""
