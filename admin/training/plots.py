"""Draws what people look at before they trust a model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_DPI = 120
_POINT: dict[str, Any] = {"s": 18, "alpha": 0.55, "linewidths": 0, "color": "#1f5f8b"}
_GUIDE: dict[str, Any] = {"color": "#444444", "linewidth": 1.0, "linestyle": "--"}
_BAR = "#1f5f8b"
_BINS = 30
_GROUPS = 10


class Comparison(Protocol):
    """Draws predictions beside the truth."""

    def __call__(
        self, file: Path, *, actual: Numbers, predicted: Numbers, unit: str, title: str
    ) -> None:
        """Write a PNG file; arguments as for `predicted_vs_actual`."""


def predicted_vs_actual(
    file: Path, *, actual: Numbers, predicted: Numbers, unit: str, title: str
) -> None:
    """Draw predictions over true prices, with the line on which both are equal.

    Args:
        file: PNG to write.
        actual: Shape (n,).
        predicted: Shape (n,).
        unit: Of both.
        title: Which model, and which rows.
    """
    figure, axes = _figure(6.4, 6.4, f"Predicted and actual prices\n{title}")
    ends = [min(actual.min(), predicted.min()), max(actual.max(), predicted.max())]
    axes.plot(ends, ends, label="prediction equals price", **_GUIDE)
    axes.scatter(actual, predicted, **_POINT)
    axes.set_aspect("equal")
    axes.set_xlabel(f"Actual price ({unit})")
    axes.set_ylabel(f"Predicted price ({unit})")
    axes.legend(loc="upper left", frameon=False)
    figure.savefig(file, dpi=_DPI)


def residuals(file: Path, *, actual: Numbers, predicted: Numbers, unit: str, title: str) -> None:
    """Draw what remains of each prediction, over the prediction and as a histogram.

    Args:
        file: PNG to write.
        actual: Shape (n,).
        predicted: Shape (n,).
        unit: Of both.
        title: Which model, and which rows.
    """
    figure = Figure(figsize=(9.0, 4.8), layout="constrained")
    figure.suptitle(f"What the predictions miss\n{title}")
    axes, side = figure.subplots(1, 2, width_ratios=(3, 1), sharey=True)
    errors = actual - predicted
    axes.axhline(0, **_GUIDE)
    axes.scatter(predicted, errors, **_POINT)
    axes.set_xlabel(f"Predicted price ({unit})")
    axes.set_ylabel(f"Actual minus predicted ({unit})")
    side.axhline(0, **_GUIDE)
    side.hist(errors, bins=_BINS, orientation="horizontal", color=_BAR, alpha=0.75)
    side.set_xlabel("Houses")
    for each in (axes, side):
        _plain(each)
    figure.savefig(file, dpi=_DPI)


def feature_importance(file: Path, *, names: Sequence[str], shares: Numbers, title: str) -> None:
    """Draw how much each feature counts, the largest on top.

    Args:
        file: PNG to write.
        names: Of the features.
        shares: Each feature's share of the importance, shape (features,), sum 1.
        title: Which model.
    """
    figure, axes = _figure(7.2, 4.8, f"Which features count\n{title}")
    _bars(axes, names, shares * 100, "%.1f")
    axes.set_xlabel("Share of the model's importance (percent)")
    figure.savefig(file, dpi=_DPI)


def contributions(
    file: Path, *, names: Sequence[str], amounts: Numbers, unit: str, title: str
) -> None:
    """Draw by how much each feature moves prices in the mean, the largest on top.

    Args:
        file: PNG to write.
        names: Of the features.
        amounts: Mean absolute contribution of each, shape (features,).
        unit: Of the amounts.
        title: Which model, and which rows.
    """
    figure, axes = _figure(7.2, 4.8, f"What moves prices\n{title}")
    _bars(axes, names, amounts, "%.3g")
    axes.set_xlabel(f"Mean absolute contribution to a price ({unit})")
    figure.savefig(file, dpi=_DPI)


def calibration(
    file: Path,
    *,
    actual: Numbers,
    predicted: Numbers,
    levels: Sequence[float],
    coverage: Numbers,
    unit: str,
    title: str,
) -> None:
    """Draw whether prices are right in the mean, and bounds hold as often as they say.

    Args:
        file: PNG to write.
        actual: Shape (n,).
        predicted: Shape (n,).
        levels: Of bounds.
        coverage: Share of the rows within bounds at each level, shape (levels,).
        unit: Of the prices.
        title: Which model, and which rows.
    """
    figure = Figure(figsize=(9.6, 5.0), layout="constrained")
    figure.suptitle(f"Calibration\n{title}")
    axes, side = figure.subplots(1, 2)
    groups = [each for each in np.array_split(np.argsort(predicted), _GROUPS) if len(each)]
    means = [(predicted[each].mean(), actual[each].mean()) for each in groups]
    errors = [actual[each].std() / np.sqrt(len(each)) for each in groups]
    foretold, found = zip(*means, strict=True)
    ends = [min(foretold + found), max(foretold + found)]
    axes.plot(ends, ends, label="right in the mean", **_GUIDE)
    axes.errorbar(foretold, found, yerr=errors, fmt="o", color=_BAR, label="tenths of the houses")
    axes.set_xlabel(f"Mean predicted price ({unit})")
    axes.set_ylabel(f"Mean actual price ({unit}), ± standard error")
    side.plot([0, 100], [0, 100], label="as often as they say", **_GUIDE)
    side.plot(np.array(levels) * 100, coverage * 100, "o-", color=_BAR, markersize=4)
    side.set_xlabel("Level of the bounds (percent)")
    side.set_ylabel("Houses within their bounds (percent)")
    for each in (axes, side):
        each.legend(loc="upper left", frameon=False)
        _plain(each)
    figure.savefig(file, dpi=_DPI)


def _bars(axes: Axes, names: Sequence[str], values: Numbers, label: str) -> None:
    order = np.argsort(values)
    bars = axes.barh([names[index] for index in order], values[order], color=_BAR)
    axes.bar_label(bars, fmt=label, padding=3, fontsize=8)
    axes.margins(x=0.1)


def _figure(width: float, height: float, title: str) -> tuple[Figure, Axes]:
    # Not by way of pyplot, which keeps every figure and may look for a screen.
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title)
    _plain(axes)
    return figure, axes


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
