"""Whether a training is worth it."""

from dataclasses import dataclass
from datetime import timedelta

from ..base.errors import NothingToDoError
from .watched import Watched


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """From where on it is; one that is reached is enough, None is not asked.

    Attributes:
        drift: Population stability index of any feature.
        skill: RMSE of what was sold over that of the training.
        labels: New houses that were sold.
        age: Of the model that was trained last, the promoted one or one that was made of it.
    """

    drift: float | None = None
    skill: float | None = None
    labels: int | None = None
    age: timedelta | None = None

    @property
    def watches(self) -> bool:
        """Whether a server has to be asked."""
        return self.drift is not None or self.skill is not None


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One of them: what it came to in words, and whether it is reached."""

    text: str
    reached: bool


def decide(
    wanted: Wanted,
    watched: Watched,
    *,
    new: int,
    quarantined: int,
    age: timedelta,
    learned_by: int | None = None,
) -> str:
    """Return why to train.

    Args:
        wanted: The conditions.
        watched: What a server says.
        new: Houses that were sold since the last training, without outliers.
        quarantined: Outliers.
        age: Of the model that was trained then.
        learned_by: Version that was trained since the promoted one, or None.

    Raises:
        NothingToDoError: No condition is reached, or there is nothing new to learn from.
    """
    found = list(_conditions(wanted, watched, new, age))
    reached = [each.text for each in found if each.reached]
    if not new:
        why = f"{'; '.join(each.text for each in found)}, but " if found else ""
        apart = f", and {quarantined} in quarantine" if quarantined else ""
        if learned_by is not None:
            raise NothingToDoError(
                f"{why}0 new labels{apart}: version {learned_by} has learned what is there;"
                f" promote it, or see how it does: housing-admin challenge {learned_by}"
            )
        raise NothingToDoError(f"{why}0 new labels{apart}: nothing to learn from")
    if found and not reached:
        raise NothingToDoError(f"nothing to do: {'; '.join(each.text for each in found)}")
    return "; ".join(reached) or f"{new} new labels"


def _conditions(wanted: Wanted, watched: Watched, new: int, age: timedelta) -> list[Condition]:
    found = []
    if wanted.drift is not None:
        found.append(_figure("drift", watched.drift, wanted.drift, watched.drifted))
    if wanted.skill is not None:
        found.append(_figure("skill", watched.skill, wanted.skill))
    if wanted.labels is not None:
        text = f"{new} new labels, wanted {wanted.labels}"
        found.append(Condition(text=text, reached=new >= wanted.labels))
    if wanted.age is not None:
        days = age / timedelta(days=1)
        text = f"the model is {days:.1f} days old, wanted {wanted.age / timedelta(days=1):g}"
        found.append(Condition(text=text, reached=age >= wanted.age))
    return found


def _figure(name: str, value: float | None, limit: float, of: str = "") -> Condition:
    if value is None:
        return Condition(text=f"{name} is not known yet, wanted {limit:g}", reached=False)
    shown = f"{name} {value:.2f}{f' of {of}' if of else ''}"
    if value >= limit:
        verb = "drifted" if name == "drift" else "worse than trained"
        return Condition(text=f"{verb} ({shown}, wanted {limit:g})", reached=True)
    return Condition(text=f"{shown}, wanted {limit:g}", reached=False)
