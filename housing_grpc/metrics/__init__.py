"""What the server counts, and how it is read.

A call appends to a queue. The one that fills it folds some thousand entries into counts; a call of
more than one house folds at once.
`catalogue` has every metric by name. The counts of a server are plain data, a `State`, so
that those of many processes can be added up before they are rendered.
"""
