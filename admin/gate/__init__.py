"""Whether a version may be promoted: what is measured of it, held against rules, as evidence.

`decision` does it: `policy` reads the rules, `recipe` says how a bundle was trained, `comparison`
cross-validates two recipes on the same folds, `bootstrap` says how sure the difference is, and
`bundle_rules` and `recipe_rules` hold it against the rules. What comes of it is `evidence`. Nothing
is promoted.
"""

from .decision import STEPS, gate
from .evidence import Evidence
from .policy import Policy

__all__ = ["STEPS", "Evidence", "Policy", "gate"]
