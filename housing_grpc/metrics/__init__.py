"""What the server counts, and how it is read.

A call only appends to a queue; a fold turns some thousand entries at a time into counts.
`catalogue` has every metric by name. The counts of a server are plain data, a `State`, so
that those of many processes can be added up before they are rendered.
"""
