"""A model that is live in every worker, without the model."""

import msgspec

from housing_grpc.bundle.digest import Digest
from housing_grpc.model.live import Facts


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle says of itself, as far as a person at the terminal wants to know."""

    name: str
    model_type: str
    preprocessing: str


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A model that is live in every worker."""

    digest: Digest
    about: About
    facts: Facts
    evaluator: str

    @property
    def version(self) -> str:
        """What callers are told."""
        return self.facts.version

    @property
    def stale(self) -> bool:
        """Whether the source could not be asked for it."""
        return self.facts.stale

    @property
    def generation(self) -> int:
        """How many models have gone live, this one included."""
        return self.facts.generation
