"""Whether a version may be promoted: what is measured of it, held against rules, as evidence.

`decision` does it: `policy` reads the rules, `comparison` cross-validates two recipes on the same
folds, `bootstrap` says how sure the difference is, and `bundle_rules` and `recipe_rules` hold it
against the rules. What comes of it is `evidence`, which `kept` keeps with the version. Nothing is
promoted.
"""
