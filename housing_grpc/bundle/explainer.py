"""Explains the prices of a bundle, whatever computes its numbers."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from .arrays import Prices, Rows, Vector
from .errors import BundleFormatError, ModelOutputError
from .part_files import COVERS_FILE
from .parts.explanation import Explanation, Link, Method, amounts
from .parts.facts import Explaining
from .parts.loaded import Loaded
from .parts.tree_shap import mean_of
from .preprocess import Preprocessor
from .regressor_file import Linear, Regressor

# Of a price; beyond it there is none, or it is 0.
_MOST_LOGARITHM = 700.0


class Evaluator(Protocol):
    """What computes the numbers: the extension in C, or NumPy."""

    def predict(self, rows: Rows) -> Prices:
        """Predicts a price a row."""

    def fill(self, rows: Rows) -> Rows:
        """Returns the rows with every missing value filled."""

    def margins(self, filled: Rows, other: Vector | None) -> Rows:
        """Returns what each feature adds to the sum of trees."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Explainer:
    """What made a price.

    Attributes:
        facts: How prices are explained without a reference.
        evaluator: Computes the contributions to a sum of trees.
        preprocessor: Scales what is summed.
        regressor: The model.
        shares: Of the training rows that go left in its trees, shape (nodes,); or None.
    """

    facts: Explaining
    evaluator: Evaluator
    preprocessor: Preprocessor
    regressor: Regressor
    shares: Vector | None

    @classmethod
    def of(
        cls,
        evaluator: Evaluator,
        preprocessor: Preprocessor,
        regressor: Regressor,
        parts: Loaded,
    ) -> "Explainer | None":
        """Returns what explains the prices of a bundle, or None if nothing does."""
        facts = parts.facts.explanation
        if facts is None:
            return None
        return cls(
            facts=facts,
            evaluator=evaluator,
            preprocessor=preprocessor,
            regressor=regressor,
            shares=parts.shares,
        )

    @cached_property
    def start(self) -> float:
        """The model's own sum for a house of which nothing is known.

        Of many trees it takes as long as to load them, so a reload leaves it to the first
        explanation.

        Raises:
            BundleFormatError: By its shares a price starts from what is no price.
        """
        if isinstance(self.regressor, Linear):
            return self.regressor.intercept
        if self.shares is None:
            raise RuntimeError("trees without shares have no facts of an explanation")
        start = mean_of(self.regressor, self.shares)
        _check_start(start, self.facts.link)
        return start

    @property
    def base(self) -> float:
        """What a price starts from without a reference, in the target's unit."""
        return self._price(self.start)

    def explain(self, rows: Rows, prices: Prices, reference: Vector | None) -> Explanation:
        """Explains prices; as `Bundle.explain`."""
        # What overflows is found below.
        with np.errstate(all="ignore"):
            found = self._explained(rows, prices, reference)
        made = [found.margins, found.amounts, *([] if found.factors is None else [found.factors])]
        # guard: amounts are finite
        if not all(np.isfinite(numbers).all() for numbers in made):
            raise ModelOutputError("what the model gave for a feature is no finite number")
        return found

    def _explained(self, rows: Rows, prices: Prices, reference: Vector | None) -> Explanation:
        filled = self.evaluator.fill(rows)
        other, start, base = None, self.start, self.base
        if reference is not None:
            alone = reference.reshape(1, -1)
            other = self.evaluator.fill(alone)[0]
            base = float(self.evaluator.predict(alone)[0])
            start = _logarithm(base) if self.facts.link is Link.LOG else base
        margins = self.margins(filled, other)
        return Explanation(
            method=self.facts.method if reference is None else Method.REFERENCE,
            base=base,
            link=self.facts.link,
            margins=margins,
            amounts=amounts(margins, base, start, prices, self.facts.link),
            values=filled,
            imputed=np.isnan(rows),
        )

    def margins(self, filled: Rows, other: Vector | None = None) -> Rows:
        """Returns what each feature adds to the model's own sum, shape (n, features).

        Args:
            filled: Rows without missing values.
            other: The reference, or None.
        """
        if not isinstance(self.regressor, Linear):
            return self.evaluator.margins(filled, other)
        scaled = self.preprocessor.scaled(filled)
        if other is not None:
            scaled = scaled - self.preprocessor.scaled(other)
        return scaled * self.regressor.coefficients

    def _price(self, margin: float) -> float:
        return math.exp(margin) if self.facts.link is Link.LOG else margin


def _check_start(start: float, link: Link) -> None:
    # Shares that are no training's lead to leaves that no price comes from.
    if not (math.isfinite(start) and (link is Link.IDENTITY or abs(start) < _MOST_LOGARITHM)):
        raise BundleFormatError(
            f"{COVERS_FILE}: makes prices start from what is none; train and register the model"
            " again"
        )


def _logarithm(price: float) -> float:
    # guard: the logarithm of a price
    if price <= 0:
        raise ModelOutputError("the model gave a price of 0, of which there is no logarithm")
    return math.log(price)
