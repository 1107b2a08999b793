"""Supplies the model: source, manager, the processes they start, and the follower."""

from collections.abc import Callable
from pathlib import Path

from housing_grpc.base import extras
from housing_grpc.base.errors import EXIT_MODEL, EXIT_SETTINGS, ServingError, StartError
from housing_grpc.bundle.errors import BundleError
from housing_grpc.bundle.signature import KeyFileError, Verifier
from housing_grpc.model.activation import Activator
from housing_grpc.model.alias_follower import Follower
from housing_grpc.model.challengers import Challengers
from housing_grpc.model.child_processes import Children
from housing_grpc.model.folder_source import FolderSource
from housing_grpc.model.live import Release
from housing_grpc.model.reload_manager import ReloadManager
from housing_grpc.model.rolled_back import Cause
from housing_grpc.model.source import Source
from housing_grpc.model.trial import Trial
from housing_grpc.registry.registry_source import RegistrySource
from housing_grpc.settings import Settings


class ModelSupply:
    """All that has to do with where models come from.

    Args:
        chosen: The settings.
        activator: Has them go live.
        verifier: Says who must have signed a bundle; without one, nobody need have.
        on_reload: Called with how each reload ended.
        on_rollback: Called with the cause after each rollback.

    Raises:
        StartError: What asks the registry is not installed.
    """

    def __init__(
        self,
        chosen: Settings,
        activator: Activator,
        verifier: Verifier | None,
        *,
        on_reload: Callable[[str], None],
        on_rollback: Callable[[Cause], None],
    ) -> None:
        self._children = Children()
        source = _source(chosen, self._children, verifier)
        trial = Trial(self._children, verifier, max_bytes=chosen.max_bundle_bytes, ahead=True)
        self._challengers = Challengers(source, activator, trial)
        self.manager = ReloadManager(
            source,
            activator,
            trial=trial,
            probation_seconds=chosen.probation_seconds,
            on_reload=on_reload,
            on_rollback=on_rollback,
            settled=self._challengers.look,
        )
        # Without one that is asked for, a stale start alone is followed up.
        seconds = chosen.model_poll_seconds or max(1.0, chosen.registry_timeout_seconds)
        self._follower = Follower(
            self.manager,
            source,
            seconds,
            looked=self._challengers.look,
            until_fresh=not chosen.model_poll_seconds,
        )

    def start(self) -> Release:
        """Makes the first model live, and begins to follow the source.

        Raises:
            StartError: There is no model to serve.
        """
        try:
            live = self.manager.start()
        except (ServingError, BundleError, OSError) as error:
            raise StartError(f"no model to serve: {error}", EXIT_MODEL) from error
        self._follower.start(live)
        self._challengers.start()
        return live

    def stop(self) -> None:
        """Follows no more, and ends the processes that fetch or try bundles."""
        self._follower.stop()
        self._challengers.stop()
        self.manager.stop()
        self._children.stop()
        self._follower.join()
        self._challengers.join()


def verifier(chosen: Settings) -> Verifier | None:
    """Returns what says who must have signed a bundle, or None if nobody need have.

    Raises:
        StartError: The public keys cannot be used.
    """
    if not chosen.bundle_public_key_file:
        return None
    found = Verifier(Path(chosen.bundle_public_key_file))
    try:
        found.keys()
    except KeyFileError as error:
        raise StartError(f"BUNDLE_PUBLIC_KEY_FILE: {error}", EXIT_SETTINGS) from error
    return found


def _source(chosen: Settings, children: Children, verifier: Verifier | None) -> Source:
    if chosen.bundle_dir:
        return FolderSource(Path(chosen.bundle_dir), verifier, max_bytes=chosen.max_bundle_bytes)
    lacking = extras.missing("registry", "mlflow", purpose="a server without BUNDLE_DIR")
    if lacking:
        raise StartError(lacking, EXIT_SETTINGS)
    return RegistrySource(
        chosen.location,
        chosen.cache,
        chosen.registry_timeout_seconds,
        children=children,
        verifier=verifier,
        max_bytes=chosen.max_bundle_bytes,
    )
