"""The settings of the admin side that are not the registry's place."""

import pytest

from admin.base.errors import UsageError
from admin.base.settings import from_environment


def test_the_size_of_a_bundle_is_a_setting_of_both_sides() -> None:
    assert from_environment({}).max_bundle_bytes == 64 * 2**20
    assert from_environment({"MAX_BUNDLE_BYTES": "2097152"}).max_bundle_bytes == 2**21


@pytest.mark.parametrize(
    "value", ["0", "-1", "64MiB", "1048575", "1073741825", "\u0661" * 8, "9" * 5000]
)
def test_a_size_that_cannot_be_is_named(value: str) -> None:
    with pytest.raises(UsageError, match=r"MAX_BUNDLE_BYTES=.*: takes a whole number from 1048576"):
        from_environment({"MAX_BUNDLE_BYTES": value})
