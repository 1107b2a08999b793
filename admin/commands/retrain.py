"""Trains the promoted version again, with what was sold since, where that is worth it."""

import re
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..base import options
from ..base.errors import GateError, NothingToDoError, RegistryError, UsageError
from ..base.options import Text
from ..base.settings import Settings
from ..retraining.conditions import Wanted, decide
from ..retraining.watched import Watched
from ..retraining.watched import read as watch
from ..terminal.console import Console
from ..tracking import promotion, run_locks, statements
from ..tracking.challenge import challenger
from . import challenge, evidence, gate, promote, train
from .mlflow_session import open_mlflow, open_records

if TYPE_CHECKING:
    from ..retraining.choosing import Chosen
    from ..retraining.training import Plan
    from ..tracking.promotion import Sides

_THEN = ("nothing", "challenge", "promote")
_AGE = re.compile(r"([0-9]{1,5})([dh])", re.ASCII)
_SHOWN = 20
_MILLION = 1_000_000


def run(
    console: Console,
    settings: Settings,
    *,
    if_drift: Text = None,
    if_skill: Text = None,
    if_labels: Text = None,
    if_older: Text = None,
    then: Text = None,
    metrics: Text = None,
    policy: Text = None,
) -> None:
    """Train, register and hold against the promoted version, if a condition is reached.

    Args:
        console: Where it goes what was done.
        settings: Where MLflow and the outcomes are.
        if_drift: Population stability index of a feature from which on to train.
        if_skill: RMSE of what was sold, over that of the training, likewise.
        if_labels: New outcomes, likewise.
        if_older: Age of the promoted version, likewise, such as "30d".
        then: What to do with a version that is not refused.
        metrics: Address of a server's metrics.
        policy: File of rules.

    Raises:
        NothingToDoError: No condition is reached, or there is nothing new to learn from.
        GateError: The new version is refused.
    """
    wanted = Wanted(
        drift=_number(if_drift, "--if-drift"),
        skill=_number(if_skill, "--if-skill"),
        labels=options.whole(if_labels, "--if-labels", low=1),
        age=_age(if_older),
    )
    after = options.given(then, "--then") or _THEN[0]
    if after not in _THEN:
        raise UsageError(f"--then: {after!r} is not right; give one of {', '.join(_THEN)}")
    url = options.given(metrics, "--metrics") or settings.metrics_url
    terms = gate.terms_of(None, policy, None, None)
    # Before the training, as without its key nothing could be promoted.
    if after != _THEN[0]:
        statements.of_settings(settings)
    with run_locks.alone(settings.home, "retrain") as alone:
        if not alone:
            raise NothingToDoError(f"another retraining of {settings.home} is under way")
        plan, why = _planned(console, settings, wanted, url, challenges=after == "challenge")
        number = _trained(console, settings, plan, why)
        sides = _sides(console, settings, plan, number)
        looked = evidence.look(console, settings, sides, terms, keep=True)
        document = _document(plan, why, number) | {"gate": looked.document}
        document |= {"promoted": False, "challenges": False}
        if looked.refused:
            console.give(document)
            raise GateError(f"{looked.refused}; it is registered, and nothing else was changed")
        if after == "promote":
            _promote(console, settings, sides, looked, why)
            document["promoted"] = True
        elif after == "challenge":
            challenge.begin(console, settings, number, reason=_because(why))
            document["challenges"] = True
        else:
            console.show(f"To serve it: housing-admin promote {number}")
    console.give(document)


def _planned(
    console: Console, settings: Settings, wanted: Wanted, url: str, *, challenges: bool
) -> "tuple[Plan, str]":
    """Return what to train, and why."""
    with ExitStack() as stack:
        nothing = f"{settings.location.model_name} has no version yet; make one with: housing-admin"
        records = stack.enter_context(open_records(console, settings, needed=f"{nothing} seed"))
        with console.busy("Loading scikit-learn ..."):
            from housing_grpc.bundle import schema

            from ..feedback import opening
            from ..retraining import champion as champions
            from ..retraining import choosing, labels
            from ..retraining.training import Plan
        store = stack.enter_context(opening.store(settings))
        champion = champions.find(records, settings)
        since = round(champion.trained_at.timestamp() * _MILLION)
        watched = watch(url, champion.version) if wanted.watches else Watched()
        target = champion.bundle.metadata.target
        sold = labels.read(store, schema.digest(target.name, target.unit), since)
        spec, base = champion.base()
        last = champion.successor
        until = last.learned_until if last else None
        chosen = choosing.choose(sold, champion.bundle, base.features.to_numpy(), since, until)
        rival = challenger(records, settings.location) if challenges else None
    _show_quarantine(console, chosen)
    try:
        why = decide(
            wanted,
            watched,
            new=chosen.new,
            quarantined=len(chosen.quarantined),
            age=datetime.now(UTC) - (last.trained_at if last else champion.trained_at),
            learned_by=last.version if last else None,
        )
        if rival != champion.version:
            _check_no_rival(rival, why)
    except NothingToDoError as error:
        untrained = {"version": None, "parent_version": str(champion.version)}
        console.give(untrained | {"reason": str(error)} | _labels(chosen))
        raise
    return Plan(champion=champion, spec=spec, base=base, chosen=chosen), why


def _check_no_rival(rival: int | None, why: str) -> None:
    if rival is not None:
        raise NothingToDoError(
            f"{why}, but version {rival} still challenges, and another would take its place; see:"
            f" housing-admin verdict; then: housing-admin promote {rival}, or housing-admin"
            " challenge --stop"
        )


def _trained(console: Console, settings: Settings, plan: "Plan", why: str) -> int:
    chosen = plan.chosen
    console.say(
        f"{why}: training version {plan.champion.version} again, {plan.spec.title}, with"
        f" {len(chosen.learned)} houses that were sold; {len(chosen.fresh)} are kept for the gate"
    )
    for source, count in chosen.left_out.items():
        console.say(f"left out, as too many are from the source {source!r}: {count}")
    with open_mlflow(console, settings) as client:
        from ..jobs.train import steps
        from ..retraining.training import retrain

        with console.steps(steps(plan.spec), plan.spec.title) as step:
            number, trained = retrain(client, settings, plan, step)
    train.show(console, trained)
    console.show(f"Registered as version {number} of {settings.location.model_name}.")
    return number


def _sides(console: Console, settings: Settings, plan: "Plan", number: int) -> "Sides":
    """Return what the gate is asked about, and what may be promoted in the place of what."""
    with open_records(console, settings) as records:
        found = promotion.sides(records, settings.location, number)
    if found.champion is None or found.champion.number != plan.champion.version:
        raise RegistryError(
            f"{settings.location.alias} was moved while version {number} was trained; it is"
            " registered, and nothing else was changed"
        )
    return found


def _promote(
    console: Console, settings: Settings, sides: "Sides", looked: evidence.Look, why: str
) -> None:
    location = settings.location
    with open_records(console, settings) as records:
        done = promotion.promote(
            records,
            location,
            sides.candidate.number,
            looked.decision(_because(why)),
            sides,
            signing=statements.of_settings(settings),
        )
    promote.shown(console, location, done)


def _because(why: str) -> str:
    return f"retrained: {why}"


def _show_quarantine(console: Console, chosen: "Chosen") -> None:
    found = chosen.quarantined
    if not len(found):
        return
    rows = [
        (found.ids[place], f"{found.prices[place]:.4g}", f"{said:.4g}", found.sources[place])
        for place, said in enumerate(chosen.quarantined_prices[:_SHOWN])
    ]
    console.say(f"in quarantine, as no such price was off so far in training: {len(found)}")
    console.table(("outcome", "sold for", "the model says", "source"), rows)
    if len(found) > _SHOWN:
        console.show(f"and {len(found) - _SHOWN} more; --json lists all")


def _document(plan: "Plan", why: str, number: int) -> dict[str, Any]:
    versions = {"version": str(number), "parent_version": str(plan.champion.version)}
    return versions | {"reason": why} | _labels(plan.chosen)


def _labels(chosen: "Chosen") -> dict[str, Any]:
    found = chosen.quarantined
    return {
        "new_labels": chosen.new,
        "learned": len(chosen.learned),
        "kept_for_gate": len(chosen.fresh),
        "left_out": chosen.left_out,
        "quarantined": [
            {"outcome": each, "actual": actual, "predicted": said, "source": source}
            for each, actual, said, source in zip(
                found.ids,
                found.prices.tolist(),
                chosen.quarantined_prices.tolist(),
                found.sources,
                strict=True,
            )
        ],
    }


def _number(text: Text, name: str) -> float | None:
    text = options.given(text, name)
    if text is None:
        return None
    number = options.number_in(text)
    # Written so that a NaN is refused.
    if number is None or not 0 < number < 1000:
        raise UsageError(f"{name}: {text!r} is not right; give a number above 0, such as 0.25")
    return number


def _age(text: Text) -> timedelta | None:
    text = options.given(text, "--if-older")
    if text is None:
        return None
    found = _AGE.fullmatch(text)
    if found is None:
        raise UsageError(f"--if-older: {text!r} is not right; give days or hours, such as 30d")
    number = int(found[1])
    return timedelta(days=number) if found[2] == "d" else timedelta(hours=number)
