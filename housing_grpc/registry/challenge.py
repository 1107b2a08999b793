"""Which version a registry has compared with the one that serves: an alias and two tags."""

import re
from collections.abc import Mapping

from housing_grpc.base.errors import ServingError
from housing_grpc.model.challenge import NO_CHALLENGE, Challenge
from housing_grpc.registry.location import CHALLENGER_ALIAS, SHADOW_TAG, SHARE_TAG
from housing_grpc.registry.registered_version import Registry, is_version

# Anybody who may set tags may write anything.
_SHARE = re.compile(r"0|1|[01]?\.[0-9]{1,12}", re.ASCII)


def asked(registry: Registry, name: str) -> Challenge | None:
    """Returns which version a registry has compared, or None if it cannot say.

    Args:
        registry: Is asked.
        name: Of the registered model.
    """
    try:
        model = registry.model(name)
        return read(model.aliases, model.tags)
    except ServingError:
        return None


def read(aliases: Mapping[str, str], tags: Mapping[str, str]) -> Challenge:
    """Returns which version aliases and tags of a registered model say is compared.

    What is no number is a fault, which is shown, and nothing is compared.
    """
    version = aliases.get(CHALLENGER_ALIAS)
    if version is None:
        return NO_CHALLENGE
    # guard: a challenger is a version
    if not is_version(version):
        fault = f"the alias {CHALLENGER_ALIAS} names what is no version"
        return Challenge(version="?", fault=f"{fault}; housing-admin challenge VERSION sets it")
    shares = [_share(tags.get(SHADOW_TAG, "1")), _share(tags.get(SHARE_TAG, "0"))]
    for name, share in zip((SHADOW_TAG, SHARE_TAG), shares, strict=True):
        # Anybody who may write to the registry may have written it.
        # guard: a share is a number
        if share is None:
            return Challenge(
                version=version,
                fault=f"the tag {name} of the registered model is no number from 0 to 1; "
                f"housing-admin challenge {version} sets it",
            )
    shadow, share = shares
    if not shadow and not share:  # So it is stopped: to name a version goes on being of use.
        return NO_CHALLENGE
    return Challenge(
        version=version, alias=CHALLENGER_ALIAS, shadow=shadow or 0.0, share=share or 0.0
    )


def _share(text: str) -> float | None:
    share = float(text) if _SHARE.fullmatch(text) else None
    return share if share is not None and share <= 1 else None
