"""docker-compose.yml and its override, as Docker's own reader takes them."""

import json
import os
import re
import subprocess
from typing import Any

import pytest

from tests.integration.toolchain import need
from tests.support.processes import ROOT, outcome

pytestmark = pytest.mark.integration

# By its version at least.
PINNED = r"[\w/.-]+:v?\d+\.\d+(\.\d+)?(@sha256:[0-9a-f]{64})?"
MINIO = "docker-compose.yml:docker-compose.minio.yml"
SECRETS = {"API_KEY": "a", "POSTGRES_PASSWORD": "b", "MINIO_ROOT_PASSWORD": "c"}
ONCE = {"seed", "s3-volume", "bucket"}
APP = {"seed", "server", "rest"}

Services = dict[str, dict[str, Any]]


def config(*flags: str, **variables: str) -> subprocess.CompletedProcess[str]:
    program = need("docker-compose", "make tools", str(ROOT / ".tools/bin"))
    return outcome(
        [program, *flags, "config", "--format", "json"],
        env={"PATH": os.environ["PATH"], "COMPOSE_DISABLE_ENV_FILE": "1", **variables},
    )


def services(*flags: str, **variables: str) -> Services:
    done = config(*flags, **SECRETS, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    found: Services = json.loads(done.stdout)["services"]
    return found


@pytest.fixture(scope="module", params=["docker-compose.yml", MINIO])
def everything(request: pytest.FixtureRequest) -> Services:
    return services("--profile", "app", COMPOSE_FILE=request.param)


def test_without_the_profile_it_is_the_infrastructure(everything: Services) -> None:
    assert set(everything) - set(services()) == APP


def test_every_container_is_confined(everything: Services) -> None:
    for name, service in everything.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert int(service["mem_limit"]) > 0, name
        assert 0 < service["pids_limit"] <= 1024, name
        # Only one is root, to give a volume to somebody else.
        root = service.get("user", "").startswith("0")
        assert root == (name == "s3-volume"), name
        assert service.get("cap_add", []) == (["CHOWN"] if root else []), name


def test_images_that_say_no_user_are_ours_and_end_as_one() -> None:
    for dockerfile in (ROOT / "Dockerfile", *ROOT.glob("deploy/*/Dockerfile")):
        users = re.findall(r"^USER (\d+)$", dockerfile.read_text(), re.MULTILINE)
        assert users, dockerfile
        assert int(users[-1]) >= 1000, dockerfile
    ours = [name for name, service in services("--profile", "app").items() if "build" in service]
    assert {name for name in ours if name != "s3"} == APP | {"mlflow", "bucket"}


def test_images_are_pinned_or_built_here(everything: Services) -> None:
    for name, service in everything.items():
        image = service["image"]
        if "build" in service:
            assert service["pull_policy"] == "build", name
        else:
            assert re.fullmatch(PINNED, image), (name, image)


def test_what_stays_has_a_health_check_and_waits_for_what_it_needs(everything: Services) -> None:
    for name, service in everything.items():
        checked = "healthcheck" in service or name == "server"  # Whose image has one.
        assert checked != (name in ONCE), name
        for other, need_of in service.get("depends_on", {}).items():
            ended = need_of["condition"] == "service_completed_successfully"
            assert need_of["condition"] != "service_started", name
            assert ended == (other in ONCE), (name, other)


def test_health_has_a_port_that_callers_cannot_fill(everything: Services) -> None:
    server = everything["server"]
    assert server["environment"]["HEALTH_PORT"] == "50052"
    assert [port["target"] for port in server["ports"]] == [50051]
    assert re.search(r"^ENV HEALTH_PORT=50052$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)


def test_ports_are_published_on_this_machine_only(everything: Services) -> None:
    published = {
        port["published"]: port["host_ip"]
        for service in everything.values()
        for port in service.get("ports", [])
    }
    assert published == dict.fromkeys(("50051", "8000", "5000", "9090", "3000"), "127.0.0.1")


def test_nobody_but_mlflow_reaches_the_database_and_the_store(everything: Services) -> None:
    inside = {name for name, found in everything.items() if "storage" in found.get("networks", {})}
    assert inside == {"mlflow", "postgres", "s3", "bucket"}
    outside = {name for name in inside if "front" in everything[name]["networks"]}
    assert outside == {"mlflow"}


@pytest.mark.parametrize("name", SECRETS)
def test_there_is_no_secret_by_default(name: str) -> None:
    given = {secret: value for secret, value in SECRETS.items() if secret != name}
    done = config("--profile", "app", **given)
    assert done.returncode != 0
    assert f"set {name} in .env" in done.stderr


def test_the_documented_variables_reach_the_containers() -> None:
    given = {
        "API_PORT": "8001",
        "GRPC_PORT": "50052",
        "MLFLOW_TRACKING_URI": "http://elsewhere:5000",
        "MLFLOW_MODEL_NAME": "another",
        "MLFLOW_MODEL_ALIAS": "candidate",
        "POSTGRES_USER": "user",
        "POSTGRES_DB": "database",
        "MINIO_ROOT_USER": "root",
        "MLFLOW_BUCKET_NAME": "bucket",
        "METRICS_ENABLED": "false",
        "DIALECTS": "none",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
        "FEEDBACK_URL": "sqlite:////data/feedback.db",
        "FEEDBACK_KEEP_FEATURES": "true",
        "FEEDBACK_DAYS": "30",
    }
    found = services("--profile", "app", **given)
    server, mlflow = found["server"]["environment"], found["mlflow"]["environment"]
    named = (
        "MLFLOW_TRACKING_URI", "MLFLOW_MODEL_NAME", "MLFLOW_MODEL_ALIAS", "METRICS_ENABLED",
        "DIALECTS", "OTEL_EXPORTER_OTLP_ENDPOINT",
        "FEEDBACK_URL", "FEEDBACK_KEEP_FEATURES", "FEEDBACK_DAYS",
    )  # fmt: skip
    assert {name: server[name] for name in named} == {name: given[name] for name in named}
    assert (server["API_KEY"], mlflow["AWS_ACCESS_KEY_ID"]) == ("a", "root")
    assert found["rest"]["environment"]["DIALECTS"] == "none"
    assert mlflow["MLFLOW_BACKEND_STORE_URI"] == (
        "postgresql+psycopg://user:b@postgres:5432/database"
    )
    assert found["mlflow"]["command"][-1] == "s3://bucket"
    assert found["server"]["ports"][0]["published"] == "50052"
    assert found["rest"]["ports"][0]["published"] == "8001"


def test_each_variable_is_documented_with_its_default() -> None:
    read = (ROOT / "docker-compose.yml").read_text() + (
        ROOT / "docker-compose.minio.yml"
    ).read_text()
    documented = dict(
        re.findall(r"^#([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    )
    defaults = dict(re.findall(r"\$\{([A-Z_]+):-(.*?)\}", read))
    required = set(re.findall(r"\$\{([A-Z_]+):\?", read))
    # Outside containers, it is a file.
    assert defaults.pop("MLFLOW_TRACKING_URI") == "http://mlflow:5000"
    assert {name: documented[name] for name in defaults} == defaults
    assert {name: documented[name] for name in required} == dict.fromkeys(SECRETS, "")


def test_the_stop_is_longer_than_what_the_server_takes() -> None:
    settings = (ROOT / ".env.example").read_text()
    (drain,) = re.findall(r"^#DRAIN_SECONDS=(\d+)", settings, re.MULTILINE)
    (grace,) = re.findall(r"^#GRACE_SECONDS=(\d+)", settings, re.MULTILINE)
    stop = services("--profile", "app")["server"]["stop_grace_period"]
    assert stop == "20s"
    assert int(drain) + int(grace) < 20
