"""Feedback: what houses sold for, kept by the receipts of their prices.

`service` answers the calls: `request` makes an `outcome` of each item, `store` records them all in
one transaction (`group_commit`), as `merging` says, and tells what it knows of each model.
`location` reads FEEDBACK_URL, `database` reaches SQLite or PostgreSQL (`engines`) within limits of
time, `schema` makes the `tables` there, and `retention` deletes what is too old.

How good prices were, model by model, is for `measuring` to say: `quality` has the arithmetic, with
the `detector` of intervals that hold too little; `refresher` has it done for the metrics, and
`quality_messages` tells it in the contract's words.
"""
