"""Supplies the model: source, manager, the processes they start, and the follower."""

from collections.abc import Callable, Sequence
from pathlib import Path

from housing_grpc.bundle.errors import BundleError
from housing_grpc.bundle.signature import KeyFileError, Verifier
from housing_grpc.child import Children, Trial
from housing_grpc.errors import EXIT_MODEL, EXIT_SETTINGS, ServingError, StartError
from housing_grpc.follower import Follower
from housing_grpc.manager import LiveModel, ModelManager
from housing_grpc.registry.source import RegistrySource
from housing_grpc.settings import Settings
from housing_grpc.source import FolderSource, Source


class ModelSupply:
    """All that has to do with which model is live.

    Args:
        chosen: The settings.
        on_live: Called with each model after it went live.
        on_reload: Called with how each reload ended.

    Raises:
        StartError: The public keys cannot be used.
    """

    def __init__(
        self,
        chosen: Settings,
        *,
        on_live: Sequence[Callable[[LiveModel], None]],
        on_reload: Callable[[str], None],
    ) -> None:
        self._children = Children()
        verifier = _verifier(chosen)
        source = _source(chosen, self._children, verifier)
        self.manager = ModelManager(
            source,
            trial=Trial(self._children, verifier),
            verifier=verifier,
            on_live=on_live,
            on_reload=on_reload,
        )
        self._follower = (
            Follower(self.manager, source, chosen.model_poll_seconds)
            if chosen.model_poll_seconds
            else None
        )

    def start(self) -> LiveModel:
        """Makes the first model live, and begins to follow the source.

        Raises:
            StartError: There is no model to serve.
        """
        try:
            live = self.manager.start()
        except (ServingError, BundleError, OSError) as error:
            raise StartError(f"no model to serve: {error}", EXIT_MODEL) from error
        if self._follower is not None:
            self._follower.start(live)
        return live

    def stop(self) -> None:
        """Follows no more, and ends the processes that fetch or try bundles."""
        if self._follower is not None:
            self._follower.stop()
        self._children.stop()
        if self._follower is not None:
            self._follower.join()


def _verifier(chosen: Settings) -> Verifier | None:
    if not chosen.bundle_public_key_file:
        return None
    verifier = Verifier(Path(chosen.bundle_public_key_file))
    try:
        verifier.keys()
    except KeyFileError as error:
        raise StartError(f"BUNDLE_PUBLIC_KEY_FILE: {error}", EXIT_SETTINGS) from error
    return verifier


def _source(chosen: Settings, children: Children, verifier: Verifier | None) -> Source:
    if chosen.bundle_dir:
        return FolderSource(Path(chosen.bundle_dir), verifier)
    return RegistrySource(
        chosen.location,
        chosen.cache,
        chosen.registry_timeout_seconds,
        children=children,
        verifier=verifier,
    )
