"""What a fuzzer runs: something that takes bytes, and raises nothing but what it may."""

import random
from abc import ABC, abstractmethod
from collections.abc import Iterable

from tests.fuzz import mutants

Seeds = Iterable[bytes]


class Target(ABC):
    """A boundary that bytes from outside come to."""

    @abstractmethod
    def seeds(self) -> Seeds:
        """Returns real input, which fuzzing starts from."""

    def mutant(self, seed: bytes, chance: random.Random) -> bytes:
        """Returns input that is near another one."""
        return mutants.of_bytes(seed, chance)

    @abstractmethod
    def __call__(self, data: bytes) -> None:
        """Takes one input.

        Raises:
            AssertionError: The answer is one that must not be given.
            Exception: Anything at all is a fault.
        """
