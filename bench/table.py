"""The measured figures beside their goals, as Markdown, from `bench/results.json`.

`python -m bench table` prints it; `python -m bench table README.md` puts it between that file's two
markers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import models, results
from bench.results import Figure, Results

_HEAD = ("| figure | goal | measured |", "|---|---|---|")
START, END = "<!-- figures -->", "<!-- end of figures -->"


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A figure that is to be reached.

    Attributes:
        text: What the table calls it.
        part: Measurement that found it.
        key: Of the figure; of several, the worst counts.
        limit: The goal.
        at_least: Whether more is better.
        over: Figure of the same part that it is divided by, if any.
    """

    text: str
    part: str
    key: str
    limit: float
    at_least: bool = False
    over: str = ""


def _per_model(text: str, key: str, limit: float, *, at_least: bool = False) -> list[Goal]:
    return [
        Goal(
            text=f"{text}: {name}",
            part="throughput",
            key=f"{name} {key}",
            limit=limit,
            at_least=at_least,
        )
        for name in models.TYPES
    ]


def _peer(text: str, model: str, peer: str, limit: float) -> Goal:
    return Goal(
        text=f"Predict calls/s ÷ {text}: {model}",
        part="peers",
        key=f"{model} {peer}* ratio",
        limit=limit,
        at_least=True,
    )


GOALS: tuple[Goal, ...] = (
    *_per_model("Predict calls/s ÷ null, 32 at a time", "throughput", 0.85, at_least=True),
    *_per_model("Predict p50 ÷ null, one at a time", "p50", 1.15),
    _peer("MLServer's best", "xgboost", "mlserver", 4.5),
    _peer("MLServer's best", "random_forest", "mlserver", 30),
    _peer("FastAPI", "xgboost", "fastapi", 9),
    _peer("FastAPI", "random_forest", "fastapi", 40),
    _peer("Triton with ONNX Runtime", "xgboost", "triton", 1.3),
    _peer("Triton with ONNX Runtime", "random_forest", "triton", 1.3),
    *(
        Goal(
            text=f"a row with two missing values ÷ a complete one: {name}",
            part="blanks",
            key=f"{name} p50",
            limit=limit,
        )
        for name, limit in (("v1_median", 1.1), ("v2_knn", 1.5), ("v3_iterative", 2.0))
    ),
    *(
        Goal(
            text=f"stream rows/s ÷ in process, 1,000 rows a chunk: {name}",
            part="stream",
            key=f"{name} matrix",
            limit=0.85,
            at_least=True,
        )
        for name in models.TYPES
    ),
    Goal(text="stream with houses as messages: rows/s ÷ in process: xgboost",
         part="stream", key="xgboost rows",
         limit=0.5, at_least=True),
    Goal(text="Predict with interval and p-value: calls ÷ without, by processor time",
         part="honest", key="predict", limit=0.97, at_least=True),
    Goal(text="Predict with an explanation: p50 ÷ without", part="honest", key="explain p50",
         limit=2),
    Goal(text="Predict with a receipt: calls/s ÷ without", part="receipt", key="predict",
         limit=0.92, at_least=True),
    Goal(text="Predict with all houses in the shadow of a challenger: calls/s ÷ without",
         part="shadow", key="calls/s", limit=0.97, at_least=True),
    Goal(text="Predict in the shadow: p99 ÷ without", part="shadow", key="p99", limit=1.05),
    Goal(text="outcomes recorded a second, a thousand a call, on disk", part="feedback",
         key="*, batches", limit=5000, at_least=True),
    Goal(text="one outcome after the other, on disk: p99", part="feedback",
         key="*, one at a time, p99", limit=20),
    Goal(text="stream with intervals and p-values: rows ÷ without, by processor time",
         part="honest", key="stream", limit=0.6, at_least=True),
    Goal(text="ModelInfer calls/s ÷ Predict: one row", part="oip", key="one row", limit=0.85,
         at_least=True),
    Goal(text="ModelInfer ÷ PredictBatch: 1,000 rows", part="oip", key="1,000 rows", limit=0.9,
         at_least=True),
    Goal(text="ModelInfer ÷ MLServer's: xgboost", part="oip", key="mlserver", limit=6,
         at_least=True),
    Goal(text="ModelInfer ÷ Triton with ONNX Runtime: xgboost", part="oip", key="triton", limit=1.5,
         at_least=True),
    Goal(text="a long job through the stream: growth of the server", part="stream_memory",
         key="server growth", limit=16),
    Goal(text="a long job through the stream: growth of the client",
         part="stream_memory", key="client growth",
         limit=16),
    Goal(text="start to SERVING, local bundle", part="start", key="start", limit=1.0),
    Goal(text="resident memory after 1,000 calls", part="start", key="memory", limit=120),
    Goal(text="100 reloads under load: calls that failed", part="reload", key="failed", limit=0),
    Goal(text="100 reloads under load: wrong answers", part="reload", key="wrong", limit=0),
    Goal(text="100 reloads under load: longest gap without an answer",
         part="reload", key="longest gap",
         limit=250),
    Goal(
        text="p99 while it reloads ÷ in peace",
        part="reload",
        key="p99 while it reloads",
        over="p99 in peace",
        limit=1.5,
    ),
    Goal(text="a look at the registry, processor: MLflow server", part="registry",
         key="look, server", limit=20),
    Goal(text="a look at the registry, processor: SQLite", part="registry", key="look, SQLite",
         limit=20),
    Goal(text="asking and fetching for a reload, processor", part="registry",
         key="fetch, processor", limit=300),
    Goal(text="to find a key's owner: 10,000 keys ÷ one", part="keys", key="10,000 keys / 1",
         limit=2),
    Goal(text="a registry that is silent for a minute: p99 ÷ that while it answers",
         part="blackhole", key="p99 ratio", limit=1.2),
    Goal(text="a silent registry: p99 ÷ that of a server that asks nobody", part="blackhole",
         key="p99 ratio to alone", limit=1.2),
    Goal(text="a silent registry: calls that failed", part="blackhole", key="failed", limit=0),
    *(
        Goal(text=f"gate, from start to end: {name}", part="gate_times", key=f"{name}, wall",
             limit=limit)
        for name, limit in (
            ("xgboost / xgboost", 60),
            ("gradient_boost / xgboost", 60),
            ("random_forest / xgboost", 120),
            ("random_forest / random_forest", 120),
        )
    ),
    Goal(text="100 gates, a recipe against itself with another seed: share refused", part="gate",
         key="refused, itself", limit=0.05),
    Goal(text="100 gates, a recipe with 15 % more RMSE: share refused", part="gate",
         key="refused, worse", limit=0.95, at_least=True),
    Goal(text="retraining with 200 outcomes, gate included, from start to end", part="retrain",
         key="wall", limit=90),
    Goal(text="50 faulty models under load: calls that failed, but those for the faulty house",
         part="rollback", key="failed", limit=0),
    Goal(text="50 faulty models: wrong answers", part="rollback", key="wrong", limit=0),
    Goal(text="50 faulty models: from the third fault to the first good answer, at most",
         part="rollback",
         key="longest back", limit=100),
    Goal(text="CPU a call, two processes ÷ one: all cores", part="workers", key="cpu ratio, many",
         limit=1.1),
    Goal(text="overload at 3 times saturation: goodput ÷ peak", part="overload", key="goodput",
         limit=0.9, at_least=True),
    Goal(text="overload: refusals, p99", part="overload", key="refusal p99", limit=50),
    Goal(text="overload: health, p99", part="overload", key="health p99", limit=100),
    Goal(text="overload: calls that never ended", part="overload", key="hung", limit=0),
    Goal(text="3 times as many calls for one house, 4,096 at a time: goodput ÷ peak",
         part="flood", key="goodput, 4096 at a time", limit=0.9, at_least=True),
    Goal(text="calls for one house, 4,096 at a time: health, p99, on HEALTH_PORT", part="flood",
         key="health p99 on its own port, 4096 at a time", limit=100),
    Goal(text="calls for one house, 4,096 at a time: health, p99, on the same port", part="flood",
         key="health p99, 4096 at a time", limit=100),
    Goal(text="detector of intervals that hold too little: runs of 5,000 good labels with an alarm",
         part="detector", key="false alarms", limit=5),
    Goal(text="detector: median delay where 20 % of prices are outside instead of 10 %",
         part="detector", key="delay at 20 %", limit=200),
    Goal(text="POST /v1/predict ÷ Predict, on the same core: calls/s", part="http", key="calls",
         limit=0.5, at_least=True),
    Goal(text="POST /v1/predict ÷ Predict, on the same core: p50, one at a time",
         part="http", key="p50", limit=2),
    Goal(text="POST /v1/predict, calls/s ÷ FastAPI's: xgboost",
         part="http", key="fastapi", limit=8, at_least=True),
    Goal(text="/v2 over HTTP, calls/s ÷ MLServer's: xgboost", part="dialects", key="mlserver",
         limit=3, at_least=True),
    Goal(text="one prediction over HTTP ÷ over gRPC, a core for each process", part="rest",
         key="ratio", limit=2.5),
)  # fmt: skip


def main(arguments: Sequence[str] = ()) -> bool:
    """Prints the table, or puts it into a file; returns whether it could."""
    text = render(results.load())
    if not arguments:
        print(text)
        return True
    path = Path(arguments[0])
    before, start, rest = path.read_text(encoding="utf-8").partition(START)
    _, end, after = rest.partition(END)
    if not end:
        print(f"{path} has no {START} … {END} to put the table between")
        return False
    path.write_text(f"{before}{start}\n{text}\n{end}{after}", encoding="utf-8")
    return True


def render(found: Results) -> str:
    """Returns the table, missed goals first; what was not measured is left out."""
    measured = [(goal, figure) for goal in GOALS if (figure := _find(found, goal)) is not None]
    missed = [_line(*each) for each in measured if not _is_reached(*each)]
    reached = [_line(*each) for each in measured if _is_reached(*each)]
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    return "\n".join(
        [
            f"{len(reached)} of {len(measured)} goals are reached. Missed:",
            "",
            *_HEAD,
            *missed,
            "",
            "<details><summary>Reached</summary>",
            "",
            *_HEAD,
            *reached,
            "",
            "</details>",
            "",
            *_machines(found),
            "",
            f"Versions: {versions}.",
        ]
    )


def _machines(found: Results) -> Iterator[str]:
    """Returns a line for each machine, with the parts that were measured on it, by day."""
    parts: dict[str, dict[str, list[str]]] = {}
    for name, part in found.parts.items():
        facts = [
            f"{value} {key}" if key == "cores" else value for key, value in part.machine.items()
        ]
        day = part.measured.partition("T")[0]
        parts.setdefault(", ".join(facts), {}).setdefault(day, []).append(f"`{name}`")
    for machine, days in parts.items():
        told = "; ".join(f"{day} {', '.join(days[day])}" for day in sorted(days))
        yield f"Measured on {machine}: {told}."


def _find(found: Results, goal: Goal) -> Figure | None:
    part = found.parts.get(goal.part)
    if part is None:
        return None
    start, star, end = goal.key.partition("*")
    matching = [
        figure
        for key, figure in part.figures.items()
        if (key.startswith(start) and key.endswith(end) if star else key == start)
    ]
    if not matching:
        return None
    worst = (min if goal.at_least else max)(matching, key=lambda each: each.value)
    if not goal.over:
        return worst
    return Figure(value=worst.value / part.figures[goal.over].value)


def _line(goal: Goal, figure: Figure) -> str:
    unit = f" {figure.unit}" if figure.unit else ""
    measured = f"{number(figure.value)}{unit}"
    if figure.low is not None and figure.high is not None:
        measured += f" ({number(figure.low)} to {number(figure.high)})"
    sign = "≥" if goal.at_least else "≤"
    return f"| {goal.text} | {sign} {goal.limit:g}{unit} | {measured} |"


def _is_reached(goal: Goal, figure: Figure) -> bool:
    return figure.value >= goal.limit if goal.at_least else figure.value <= goal.limit


def number(value: float) -> str:
    """Returns a number with as many digits as it deserves."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
