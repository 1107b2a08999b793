"""Settings of the server: variables, flags, and what is told of a wrong one."""

import re
from pathlib import Path

import msgspec
import pytest

from housing_grpc import settings
from housing_grpc.base.errors import EXIT_SETTINGS, StartError
from housing_grpc.registry.location import RegistryLocation
from housing_grpc.settings import Settings

ROOT = Path(__file__).parents[2]

# Another value than the default for each setting, as text and as read.
OTHERS: dict[str, tuple[str, object]] = {
    "grpc_host": ("127.0.0.2", "127.0.0.2"),
    "grpc_port": ("50052", 50052),
    "grpc_workers": ("3", 3),
    "workers": ("auto", "auto"),
    "max_batch_rows": ("11", 11),
    "max_message_bytes": ("2048", 2048),
    "compression_enabled": ("true", True),
    "max_chunk_rows": ("12", 12),
    "max_streams": ("4", 4),
    "max_streams_per_key": ("3", 3),
    "stream_idle_seconds": ("2.5", 2.5),
    "stream_max_age_seconds": ("9", 9.0),
    "bundle_dir": ("/b", "/b"),
    "max_bundle_bytes": ("2097152", 2**21),
    "housing_home": ("/h", "/h"),
    "mlflow_tracking_uri": ("http://mlflow:5000", "http://mlflow:5000"),
    "mlflow_model_name": ("other-model", "other-model"),
    "mlflow_model_alias": ("staging", "staging"),
    "registry_timeout_seconds": ("1.5", 1.5),
    "model_poll_seconds": ("30", 30.0),
    "bundle_public_key_file": ("/k", "/k"),
    "max_models": ("2", 2),
    "probation_seconds": ("60", 60.0),
    "drain_seconds": ("0", 0.0),
    "grace_seconds": ("0.25", 0.25),
    "api_key": ("secret", "secret"),
    "api_keys_file": ("/keys", "/keys"),
    "receipt_keys_file": ("/receipts", "/receipts"),
    "feedback_url": ("sqlite:////f", "sqlite:////f"),
    "feedback_keep_features": ("true", True),
    "feedback_days": ("30", 30),
    "allow_unauthenticated": ("true", True),
    "tls_cert_file": ("/c", "/c"),
    "tls_key_file": ("/k", "/k"),
    "tls_client_ca_file": ("/ca", "/ca"),
    "rate_limit_per_second": ("0.5", 0.5),
    "rate_limit_burst": ("7", 7),
    "max_queued_calls": ("8", 8),
    "max_queue_seconds": ("0.5", 0.5),
    "request_timeout_seconds": ("4", 4.0),
    "max_call_seconds": ("20", 20.0),
    "max_explain_seconds": ("0.5", 0.5),
    "max_metadata_bytes": ("4096", 4096),
    "max_connections": ("5", 5),
    "max_calls_per_connection": ("6", 6),
    "connection_idle_seconds": ("60", 60.0),
    "connection_max_age_seconds": ("300", 300.0),
    "health_port": ("50053", 50053),
    "metrics_enabled": ("false", False),
    "metrics_host": ("::1", "::1"),
    "metrics_port": ("9465", 9465),
    "reflection_enabled": ("false", False),
    "dialects": ("v1, invocations", "v1, invocations"),
    "log_level": ("debug", "debug"),
    "log_format": ("json", "json"),
}
# What a setting does not go without.
COMPANIONS = {
    "tls_cert_file": {"tls_key_file": "/k"},
    "tls_key_file": {"tls_cert_file": "/c"},
    "tls_client_ca_file": {"tls_cert_file": "/c", "tls_key_file": "/k"},
}
WITHOUT_FLAG = {"api_key", "feedback_url"}


def names() -> list[str]:
    return [field.name for field in msgspec.structs.fields(Settings)]


def flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def test_without_anything_all_are_the_defaults() -> None:
    assert settings.load([], {}) == Settings()


def test_no_setting_is_left_out_here() -> None:
    assert sorted(OTHERS) == sorted(names())


@pytest.mark.parametrize("name", OTHERS)
def test_a_variable_and_a_flag_set_each(name: str) -> None:
    text, value = OTHERS[name]
    with_it = COMPANIONS.get(name, {})
    others = {companion.upper(): given for companion, given in with_it.items()}
    expected = Settings(**{name: value, **with_it})  # type: ignore[arg-type]
    assert expected != Settings()
    assert settings.load([], {name.upper(): text, **others}) == expected
    if name not in WITHOUT_FLAG:
        assert settings.load([flag(name), text], others) == expected
        assert settings.load([f"{flag(name)}={text}"], others) == expected


@pytest.mark.parametrize("name", sorted(WITHOUT_FLAG))
def test_a_secret_has_no_flag_that_others_could_read(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        settings.load([flag(name), "canary"], {})
    assert flag(name) not in capsys.readouterr().out


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
@pytest.mark.parametrize(
    "allowed",
    [{"API_KEY": "k"}, {"API_KEYS_FILE": "/k"}, {"ALLOW_UNAUTHENTICATED": "true"}],
)
def test_other_machines_are_served_with_a_key_or_if_told_so(
    host: str, allowed: dict[str, str]
) -> None:
    with pytest.raises(StartError, match="set API_KEY or API_KEYS_FILE") as caught:
        settings.load([], {"GRPC_HOST": host})
    assert caught.value.exit_code == EXIT_SETTINGS
    assert settings.load([], {"GRPC_HOST": host, **allowed}).grpc_host == host


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1", "[::1]"])
def test_loopback_needs_no_key(host: str) -> None:
    assert settings.load([], {"GRPC_HOST": host}).grpc_host == host


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"TLS_CERT_FILE": "/c"}, "TLS_CERT_FILE and TLS_KEY_FILE go together"),
        ({"TLS_KEY_FILE": "/k"}, "TLS_CERT_FILE and TLS_KEY_FILE go together"),
        ({"TLS_CLIENT_CA_FILE": "/ca"}, "TLS_CLIENT_CA_FILE needs TLS"),
        ({"MODEL_POLL_SECONDS": "0.01"}, "MODEL_POLL_SECONDS=0.01: takes 0 for none, or a number"),
        ({"HOUSING_HOME": "~no such user/x"}, "HOUSING_HOME is '~no such user/x', which begins"),
        (
            {"HOUSING_HOME": "~no such user/x", "MLFLOW_TRACKING_URI": "http://m"},
            "HOUSING_HOME is '~no such user/x', which begins",
        ),
    ],
)
def test_settings_that_do_not_go_together(given: dict[str, str], message: str) -> None:
    with pytest.raises(StartError, match=message) as caught:
        settings.load([], given)
    assert caught.value.exit_code == EXIT_SETTINGS


def test_a_flag_counts_more_than_a_variable() -> None:
    assert settings.load(["--grpc-port", "1"], {"GRPC_PORT": "2"}) == Settings(grpc_port=1)


def test_what_is_empty_counts_as_not_set() -> None:
    assert settings.load([], {name.upper(): "" for name in names()}) == Settings()


def test_a_flag_can_empty_what_a_variable_sets() -> None:
    assert settings.load(["--bundle-dir", ""], {"BUNDLE_DIR": "/b"}) == Settings()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GRPC_PORT", "abc"),
        ("GRPC_PORT", "-1"),
        ("GRPC_PORT", "65536"),
        ("GRPC_PORT", "tcp://10.0.0.1:50051"),
        ("GRPC_WORKERS", "0"),
        ("GRPC_WORKERS", "2.5"),
        ("MAX_BATCH_ROWS", "0"),
        ("MAX_MESSAGE_BYTES", "1023"),
        ("MAX_STREAMS", "0"),
        ("MAX_STREAMS_PER_KEY", "0"),
        ("MAX_MODELS", "1"),
        ("STREAM_IDLE_SECONDS", "0"),
        ("DRAIN_SECONDS", "-1"),
        ("DRAIN_SECONDS", "nan"),
        ("GRACE_SECONDS", "inf"),
        ("REGISTRY_TIMEOUT_SECONDS", "soon"),
        ("REFLECTION_ENABLED", "perhaps"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_wrong_value_is_named(variable: str, value: str) -> None:
    for source, arguments, environment in (
        (variable, [], {variable: value}),
        (flag(variable.lower()), [f"{flag(variable.lower())}={value}"], {}),
    ):
        with pytest.raises(StartError, match=re.escape(f"{source}={value!r}: ")) as caught:
            settings.load(arguments, environment)
        assert caught.value.exit_code == EXIT_SETTINGS


@pytest.mark.parametrize(
    ("variable", "takes"),
    [
        ("GRPC_PORT", "a whole number from 0 to 65535"),
        ("WORKERS", "a whole number from 1 to 256, or auto"),
        ("STREAM_IDLE_SECONDS", "a number above 0 and up to 86400"),
        ("RATE_LIMIT_PER_SECOND", "a number from 0 to 1000000"),
        ("REFLECTION_ENABLED", "true or false"),
        ("LOG_LEVEL", "debug, error, info or warning"),
    ],
)
def test_it_is_said_what_a_setting_takes(variable: str, takes: str) -> None:
    with pytest.raises(StartError, match=f"^{variable}='x': takes {takes}$"):
        settings.load([], {variable: "x"})


@pytest.mark.parametrize(
    ("dialects", "speaks"),
    [("", True), ("oip", True), ("v1,oip", True), ("v1 , invocations", False), ("none", False)],
)
def test_dialects(dialects: str, *, speaks: bool) -> None:
    assert settings.load([], {"DIALECTS": dialects}).speaks_oip == speaks


@pytest.mark.parametrize("dialects", ["OIP", "oip,", "none,oip", "oip;v1", "grpc", ","])
def test_an_unknown_dialect_ends_the_start(dialects: str) -> None:
    with pytest.raises(StartError, match=f"^DIALECTS={dialects!r}: .* is unknown; name some of oip"
                       ) as caught:  # fmt: skip
        settings.load([], {"DIALECTS": dialects})
    assert caught.value.exit_code == EXIT_SETTINGS


def test_of_a_value_without_end_the_start_is_shown() -> None:
    with pytest.raises(StartError, match=f"^GRPC_PORT='{'x' * 100}'…: takes a whole number"):
        settings.load([], {"GRPC_PORT": "x" * 1_000_000})


@pytest.mark.parametrize(
    ("variable", "value"), [("MLFLOW_MODEL_NAME", "a/b"), ("MLFLOW_MODEL_ALIAS", "v2")]
)
def test_a_name_that_mlflow_does_not_take_is_named(variable: str, value: str) -> None:
    message = f"{variable} is '{value}', which MLflow does not take as a name"
    with pytest.raises(StartError, match=re.escape(message)) as caught:
        settings.load([], {variable: value})
    assert caught.value.exit_code == EXIT_SETTINGS


@pytest.mark.parametrize("argument", ["--port=1", "--bundle=/b", "serve"])
def test_an_unknown_argument(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        settings.load([argument], {})
    assert caught.value.code == EXIT_SETTINGS
    assert f"unrecognized arguments: {argument}" in capsys.readouterr().err


def test_the_help_names_each_flag_variable_and_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        settings.load(["--help"], {})
    text = " ".join(capsys.readouterr().out.split())
    for field in msgspec.structs.fields(Settings):
        if field.name in WITHOUT_FLAG:
            continue
        assert flag(field.name) in text
        default = "none" if field.default == "" else field.default
        assert f"[{field.name.upper()}; default: {default}]" in text


def test_the_registry_of_a_home_and_of_another() -> None:
    home = Path("/h").absolute()
    assert Settings(housing_home="/h").location == RegistryLocation(
        tracking_uri=f"sqlite:///{home}/mlflow.db",
        model_name="housing-price-model",
        alias="production",
    )
    chosen = Settings(mlflow_tracking_uri="http://m", mlflow_model_name="n", mlflow_model_alias="a")
    assert chosen.location == RegistryLocation(tracking_uri="http://m", model_name="n", alias="a")


def test_the_cache_is_in_the_home() -> None:
    assert Settings(housing_home="/h").cache == Path("/h/bundles").absolute()
    assert Settings(housing_home="~/h").cache == Path.home() / "h" / "bundles"
    assert Settings().cache == Path.cwd() / "var" / "bundles"


@pytest.mark.parametrize("field", msgspec.structs.fields(Settings), ids=lambda field: field.name)
def test_each_is_documented_with_its_default(field: msgspec.structs.FieldInfo) -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    documented = next(line for line in lines if line.startswith(f"#{field.name.upper()}="))
    name, _, text = documented.removeprefix("#").partition("=")
    assert settings.load([], {name: text}) == Settings()
    assert bool(text) == bool(field.default != "")
