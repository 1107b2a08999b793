"""What a call costs as things grow: connections, keys, worker processes, and what is asked for.

Processor time of the server a call, beside the line that theory gives: a call waits for nobody
else's connection and looks its key up, so neither makes it dearer; worker processes share nothing
that a call needs; and what an answer holds besides the price adds up. Model size has a measurement
of its own, `size`.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sklearn.pipeline import Pipeline

from bench import contest, models, results, serving, sides
from bench.contest import Side
from bench.results import Series

MODEL = "xgboost"
# No house of the training data: to that, every distance would be 0.
HOUSE = {**models.example(), "RM": 6.6}
CONNECTIONS = (1, 3, 10, 30, 100, 300, 1000)
# From here on the server never sleeps between two calls, whose caches would be cold.
BUSY = 30
KEYS = (1, 10, 100, 1_000, 10_000)
WORKERS = (1, 2, 4)
ASKED = ("price", "interval", "explanation", "receipt", "all")
ROUNDS, SECONDS = 5, 0.7


def main() -> bool:
    """Prints the curves and records them; there is no goal."""
    with models.made(MODEL) as (folder, pipeline):
        plain = _Bundle(folder, pipeline)
        series = {
            "connections": _beside_level(plain.connections(), BUSY),
            "keys": _beside_level(plain.keys(), KEYS[0]),
            "workers": _beside_level(plain.workers(), WORKERS[0]),
        }
        price = plain.cost()
    with models.made(MODEL, honest=True) as (folder, pipeline):
        series["asked"] = _beside_sum(_Bundle(folder, pipeline).asked(price))
    for name, curves in series.items():
        measured = curves["measured"]
        points = (f"{x:g}: {y:.0f}" for x, y in zip(measured.x, measured.y, strict=True))
        print(f"{name}, µs of processor a call: {', '.join(points)}", flush=True)
    results.record("growth", {}, series=series)
    return True


class _Bundle:
    """A model to serve in many ways.

    Args:
        folder: Of the bundle.
        pipeline: That it was made of.
    """

    def __init__(self, folder: Path, pipeline: Pipeline) -> None:
        self._folder = folder
        self._pipeline = pipeline

    @contextmanager
    def _served(self, *flags: str, core: int | None = serving.SERVER_CORE) -> Iterator[Side]:
        with sides.ours(self._folder, self._pipeline, HOUSE, *flags, core=core) as side:
            yield side

    def cost(self, *flags: str) -> float:
        with self._served(*flags) as side:
            return _cost([side])["ours"]

    def connections(self) -> Series:
        found = Series()
        with self._served() as side:
            for count in CONNECTIONS:
                found.add(count, _cost([side], connections=count, in_flight=1)["ours"])
        return found

    def keys(self) -> Series:
        found = Series()
        with tempfile.TemporaryDirectory() as folder:
            for count in KEYS:
                # Beside API_KEY, which the load has.
                others = (f"owner{each} predict {serving.new_key()}" for each in range(1, count))
                file = Path(folder, f"{count}")
                file.write_text("\n".join((*others, "")))
                file.chmod(0o600)
                flags = ("--api-keys-file", str(file)) if count > 1 else ()
                found.add(count, self.cost(*flags))
        return found

    def workers(self) -> Series:
        found = Series()
        for count in WORKERS:
            with self._served("--workers", str(count), core=None) as side:
                found.add(count, _cost([side], connections=32, in_flight=4)["ours"])
        return found

    def asked(self, price: float) -> Series:
        """Returns what answers cost, in the order of ASKED, `price` being that of a price alone."""
        wanted = {
            "explanation": {"explain": True},
            "receipt": {"receipt": True},
            "all": {"explain": True, "receipt": True},
        }
        with self._served() as side:
            port, right = sides.port_of(side), sides.answer(self._pipeline, HOUSE)
            several = [
                Side(
                    name=name,
                    server=side.server,
                    target=sides.target(port, HOUSE, right, **wanted.get(name, {})),
                )
                for name in ASKED[1:]
            ]
            costs = {ASKED[0]: price, **_cost(several)}
        found = Series()
        for place, name in enumerate(ASKED):
            found.add(place, costs[name])
        return found


def _cost(several: list[Side], *, connections: int = 4, in_flight: int = 8) -> dict[str, float]:
    """Returns µs of processor a call, by the name of the side."""
    found = contest.measure(
        several, connections=connections, in_flight=in_flight, rounds=ROUNDS, seconds=SECONDS
    )
    return {name: 1e6 * contest.summary(each.cpu).value for name, each in found.items()}


def _beside_level(measured: Series, start: float) -> dict[str, Series]:
    """Puts a level line beside a curve, at its height at a point."""
    level = measured.y[measured.x.index(start)]
    return {"measured": measured, "theory": Series(x=measured.x, y=[level] * len(measured.x))}


def _beside_sum(measured: Series) -> dict[str, Series]:
    """Puts beside what answers cost what the last should, by what each part adds to an interval."""
    interval, explanation, receipt = measured.y[1:4]
    together = explanation + receipt - interval
    return {"measured": measured, "theory": Series(x=measured.x, y=[*measured.y[:4], together])}
