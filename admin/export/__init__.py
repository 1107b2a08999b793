"""Turns a fitted scikit-learn pipeline into a bundle, and proves that they agree.

The only code that knows both scikit-learn and the bundle.
"""

from admin.export.exporter import Exported, Facts, export
from admin.export.signing import signing

__all__ = ["Exported", "Facts", "export", "signing"]
