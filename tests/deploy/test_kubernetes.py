"""The Kubernetes manifests: built by kustomize, and read strictly as the API's own types."""

import base64
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from housing_grpc import settings
from housing_grpc.access import key_file
from tests.integration.toolchain import need, printed
from tests.support.processes import ROOT, outcome

pytestmark = pytest.mark.integration

KINDS = {
    "Namespace housing", "Service housing-server", "Service housing-rest",
    "Deployment housing-server", "Deployment housing-rest", "CronJob housing-retrain",
    "PodDisruptionBudget housing-server", "PodDisruptionBudget housing-rest",
    "HorizontalPodAutoscaler housing-server", "NetworkPolicy nothing-else",
    "NetworkPolicy housing-server", "NetworkPolicy housing-rest", "NetworkPolicy housing-retrain",
}  # fmt: skip

Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    kustomize = need("kustomize", "make tools", str(ROOT / ".tools/bin"))
    folder = tmp_path_factory.mktemp("kustomize") / "kubernetes"
    shutil.copytree(ROOT / "deploy/kubernetes", folder)
    overlay = folder / "overlays/example"
    (overlay / "keys.txt").write_text("shop predict a-key-that-is-long-enough-to-be-taken\n")
    return printed([kustomize, "build", overlay], folder)


@pytest.fixture(scope="module")
def manifests(text: str) -> dict[str, Manifest]:
    return {
        f"{found['kind']} {found['metadata']['name']}": found for found in yaml.safe_load_all(text)
    }


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    go = need("go", "Go 1.26 or newer")
    binary = tmp_path_factory.mktemp("decoder") / "manifests"
    variables = {"CGO_ENABLED": "0", "GOWORK": "off"}
    printed([go, "build", "-o", binary, "."], ROOT / "tests/deploy/manifests", **variables)
    return binary


def decoded(decoder: Path, text: str) -> subprocess.CompletedProcess[str]:
    return outcome([decoder], input=text)


def test_the_api_types_know_every_object_and_field(decoder: Path, text: str) -> None:
    done = decoded(decoder, text)
    assert (done.returncode, done.stderr) == (0, "")
    found = set(done.stdout.splitlines())
    generated = {line.rpartition("-")[0] for line in found - KINDS}
    assert found >= KINDS
    assert generated == {"ConfigMap housing-registry", "Secret housing-keys"}


def test_a_misspelt_field_would_be_noticed(decoder: Path, text: str) -> None:
    done = decoded(decoder, text.replace("maxUnavailable: 0", "maxUnavailble: 0"))
    assert done.returncode == 1
    assert 'unknown field "spec.strategy.rollingUpdate.maxUnavailble"' in done.stderr


def pod(manifest: Manifest) -> Manifest:
    spec = manifest["spec"]
    template = (
        spec["jobTemplate"]["spec"]["template"] if "jobTemplate" in spec else spec["template"]
    )
    return template["spec"]  # type: ignore[no-any-return]


def variables(manifest: Manifest) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in pod(manifest)["containers"][0]["env"]}


def test_every_pod_keeps_to_the_restricted_standard(manifests: dict[str, Manifest]) -> None:
    running = [found for found in manifests.values() if found["kind"] in ("Deployment", "CronJob")]
    assert len(running) == 3
    for manifest in running:
        spec = pod(manifest)
        (container,) = spec["containers"]
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert not spec["automountServiceAccountToken"]
        assert "memory" in container["resources"]["limits"]
        assert not container["image"].endswith(":latest")


def test_a_rolling_update_takes_no_pod_away_before_another_is_ready(
    manifests: dict[str, Manifest],
) -> None:
    for name in ("housing-server", "housing-rest"):
        assert (
            manifests[f"Deployment {name}"]["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"]
            == 0
        )
    server = manifests["Deployment housing-server"]
    given = settings.load([], variables(server))
    stop = given.drain_seconds + given.grace_seconds
    assert pod(server)["terminationGracePeriodSeconds"] > stop
    # As long as the probes take to notice, the pod answers.
    ready = pod(server)["containers"][0]["readinessProbe"]
    assert given.drain_seconds > ready["periodSeconds"] * ready["failureThreshold"]
    assert ready["grpc"]["port"] == given.health_port


def test_the_secret_holds_what_the_server_takes_as_keys(
    manifests: dict[str, Manifest], tmp_path: Path
) -> None:
    (secret,) = [found for found in manifests.values() if found["kind"] == "Secret"]
    server = manifests["Deployment housing-server"]
    volumes = {volume["name"]: volume for volume in pod(server)["volumes"]}
    assert volumes["keys"]["secret"]["secretName"] == secret["metadata"]["name"]
    path = Path(variables(server)["API_KEYS_FILE"])
    (mount,) = [m for m in pod(server)["containers"][0]["volumeMounts"] if m["name"] == "keys"]
    assert str(path.parent) == mount["mountPath"]
    (tmp_path / path.name).write_bytes(base64.b64decode(secret["data"][path.name]))
    loaded = key_file.load("", str(tmp_path / path.name))
    assert loaded is not None
    assert len(loaded) == 1
