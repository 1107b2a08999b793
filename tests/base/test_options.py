"""Settings with values that nobody writes: each is refused by its name, and nothing is forged."""

from collections.abc import Callable

import msgspec
import pytest

from housing_grpc import settings
from housing_grpc.base.errors import EXIT_SETTINGS, StartError
from housing_grpc.base.options import OptionError
from housing_grpc.rest import settings as proxy_settings

ODD = {
    "not UTF-8": "\udcff",
    "clears a terminal": "\x1b[2J",
    "two lines": "a\nerror: forged",
    "text turned around": "\u202ea",
    "too long": "x" * 5000,
}
NO_HOSTS = (
    "unix:/run/x",
    "a b",
    "a..b",
    ".",
    "a" * 64,
    "*",
    "\u00e9",
    "[::1",
    "127.0.0.1:80",
    "\u2028",
)
NUMBERS = ("\u00b2", "\u0663", "1" * 5000, "99999", "nan", "-1", "1_000", "5\n", "\udcff")


NAMES = [each.name.upper() for each in msgspec.structs.fields(settings.Settings)]
PROXY_NAMES = [each.name.upper() for each in msgspec.structs.fields(proxy_settings.Settings)]


def refusal(load: Callable[..., object], name: str, text: str) -> Exception | None:
    try:
        load([], {name: text})
    except (StartError, OptionError) as error:
        return error
    return None


def check(error: Exception | None, name: str, text: str) -> None:
    if error is None:
        # The path of a file may be of any bytes.
        assert text == ODD["not UTF-8"]
        return
    assert name in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 400


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
@pytest.mark.parametrize("name", NAMES)
def test_every_setting_of_the_server_is_named(name: str, text: str) -> None:
    error = refusal(settings.load, name, text)
    check(error, name, text)
    assert error is None or getattr(error, "exit_code", None) == EXIT_SETTINGS


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
@pytest.mark.parametrize("name", PROXY_NAMES)
def test_every_setting_of_the_proxy_is_named(name: str, text: str) -> None:
    check(refusal(proxy_settings.load, name, text), name, text)


def test_what_may_be_a_password_is_not_shown() -> None:
    for name in ("API_KEY", "MLFLOW_TRACKING_URI"):
        with pytest.raises(StartError, match=f"{name} holds a character") as caught:
            settings.load([], {name: "postgresql://user:canary\x1b@host/name"})
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize("host", NO_HOSTS)
def test_a_host_is_a_name_or_an_address(host: str) -> None:
    for name in ("GRPC_HOST", "METRICS_HOST"):
        with pytest.raises(StartError, match=rf"{name}=.*: takes a name or an address"):
            settings.load([], {name: host, "API_KEY": "k"})
    for name in ("API_HOST", "GRPC_HOST"):
        with pytest.raises(OptionError, match=rf"{name}=.*: takes a name or an address"):
            proxy_settings.load([], {name: host, "API_KEY": "k"})


@pytest.mark.parametrize("host", ["localhost", "a-b.example.", "::1", "[::1]", "fe80::1%eth0", "0"])
def test_what_is_one_is_taken(host: str) -> None:
    assert settings.load([], {"GRPC_HOST": host, "API_KEY": "k"}).grpc_host == host


@pytest.mark.parametrize("port", NUMBERS)
def test_a_port_that_is_none_is_refused_by_its_name(port: str) -> None:
    with pytest.raises(StartError, match=r"GRPC_PORT=.*: takes a whole number from 0 to 65535"):
        settings.load([], {"GRPC_PORT": port})


@pytest.mark.parametrize("port", [each for each in NUMBERS if each.isdigit()])
def test_the_proxy_takes_no_other_port_of_the_servers(port: str) -> None:
    with pytest.raises(OptionError, match=r"GRPC_PORT=.*: takes a whole number from 0 to 65535"):
        proxy_settings.load([], {"GRPC_PORT": port})
