"""The plots of `docs/`, from `bench/results.json`: one SVG each, and nothing measured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from bench import growth, results
from bench.results import Series

FOLDER = Path(__file__).parent.parent / "docs" / "performance"

# Text stays text, and the same figures give the same file.
_STYLE = {"svg.fonttype": "none", "svg.hashsalt": "bench", "font.size": 9.0}

Curves = dict[str, Series]


@dataclass(frozen=True, kw_only=True)
class Plot:
    """One picture.

    Attributes:
        part: Measurement that found the curves.
        name: Of the series, and of the file.
        title: Above it.
        x: Label of the horizontal axis.
        y: Label of the vertical axis.
        arrange: Sets the scales.
    """

    part: str
    name: str
    title: str
    x: str
    y: str
    arrange: Callable[[Axes], None]


def _log_log(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")


def _doubling(axes: Axes) -> None:
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_ylim(bottom=0)


def _growing(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)


def _named(axes: Axes) -> None:
    axes.set_xticks(range(len(growth.ASKED)), growth.ASKED)
    axes.set_ylim(bottom=0)


def _shares(axes: Axes) -> None:
    axes.set_yscale("log")


PLOTS = (
    Plot(part="throughput", name="latency", title="Latency of Predict, xgboost",
         x="share of calls that are as fast, %", y="ms", arrange=_shares),
    Plot(part="concurrency", name="concurrency", title="Throughput of Predict, xgboost",
         x="calls at a time", y="calls/s", arrange=_doubling),
    Plot(part="chunks", name="chunks", title="Stream and model alone, xgboost",
         x="rows a chunk", y="rows/s", arrange=_log_log),
    Plot(part="size", name="size", title="Cost of Predict, one row",
         x="trees", y="µs of processor", arrange=_log_log),
    Plot(part="growth", name="connections", title="Cost of Predict against connections",
         x="connections, a call at a time on each", y="µs of processor", arrange=_growing),
    Plot(part="growth", name="keys", title="Cost of Predict against keys",
         x="keys", y="µs of processor", arrange=_growing),
    Plot(part="growth", name="workers", title="Cost of Predict against worker processes",
         x="worker processes", y="µs of processor", arrange=_doubling),
    Plot(part="growth", name="asked", title="Cost of Predict against what is asked for",
         x="the price, and besides", y="µs of processor", arrange=_named),
)  # fmt: skip


def main(_: Sequence[str] = ()) -> bool:
    """Draws what has been measured; returns whether that is all."""
    found, drawn = results.load(), 0
    FOLDER.mkdir(exist_ok=True)
    for plot in PLOTS:
        part = found.parts.get(plot.part)
        if part is not None and plot.name in part.series:
            _draw(plot, part.series[plot.name])
            drawn += 1
    return drawn == len(PLOTS)


def _draw(plot: Plot, curves: Curves) -> None:
    with mpl.rc_context(_STYLE):  # type: ignore[arg-type] # the stubs want literal keys
        picture = Picture(figsize=(5.2, 3.2), layout="constrained")
        axes = picture.subplots()
        for name, curve in curves.items():
            axes.plot(curve.x, curve.y, marker="o", markersize=3, linewidth=1.2, label=name)
        plot.arrange(axes)
        axes.set(title=plot.title, xlabel=plot.x, ylabel=plot.y)
        axes.grid(visible=True, linewidth=0.3)
        axes.legend(frameon=False, fontsize=8)
        picture.savefig(FOLDER / f"{plot.name}.svg", metadata={"Date": None})
