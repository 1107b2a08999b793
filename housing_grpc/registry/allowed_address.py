"""Where the files of a version may lie, as far as the registry may choose it.

Whoever writes to the registry could name a server of theirs, which would be asked with what this
process knows: the registry's password, or the key of a store. Libraries do not agree on where the
name of a host ends, so a place that can be read in two ways is refused.
"""

import re
from urllib.parse import urlsplit

from urllib3.util import parse_url

from housing_grpc.bundle.errors import BundleUnsafeError

_FOLDERS = frozenset({"", "file"})
# Their clients send nothing that a stranger could use: signatures of a request, or tokens to hosts
# that they know themselves.
_STORES = frozenset({"s3", "gs"})
# Azure's take the host from the place, and send it a token that opens every store.
_AZURE = re.compile(
    r"(wasbs://[a-z0-9$][a-z0-9-]*@[a-z0-9]+\.blob|abfss://[a-z0-9$][a-z0-9-]*@[a-z0-9]+\.dfs)"
    r"\.core\.(windows\.net|chinacloudapi\.cn|usgovcloudapi\.net)"
)
_PLAIN = re.compile(r"[!-\[\]-~]*")


FOREIGN = (
    "the registry names a place for files that is neither the registry itself, nor a folder,"
    " nor a store at S3, Google or Azure"
)
"""What to say of a place that is not allowed."""


def check(place: str, registry: str) -> None:
    """Refuses a place that would be sent what this process knows.

    Args:
        place: As an address; a folder may be a plain path.
        registry: The registry's own address.

    Raises:
        BundleUnsafeError: It is not allowed.
    """
    if not is_allowed(place, registry):
        raise BundleUnsafeError(FOREIGN)


def is_allowed(place: str, registry: str) -> bool:
    """Returns whether a place is the registry, a folder, or at S3, Google or Azure.

    Args:
        place: As of `check`.
        registry: The registry's own address.

    Raises:
        ValueError: It is no address.
    """
    parts = urlsplit(place)
    if parts.scheme in _FOLDERS:
        return True
    if not _PLAIN.fullmatch(place) or parts.netloc.count("@") > 1:
        return False
    if parts.scheme in _STORES or _is_same_server(place, registry):
        return True
    return _AZURE.fullmatch(f"{parts.scheme}://{parts.netloc}") is not None


def _is_same_server(place: str, registry: str) -> bool:
    # As what will connect reads them.
    found, wanted = parse_url(place), parse_url(registry)
    same = (found.scheme, found.host, found.port) == (wanted.scheme, wanted.host, wanted.port)
    return same and found.scheme in ("http", "https")
