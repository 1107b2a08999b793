"""The Kubernetes manifests: built by kustomize, and read strictly as the API's own types."""

import base64
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from admin import cli
from housing_grpc import settings
from housing_grpc.access import callers, key_file
from housing_grpc.receipts import key_file as receipt_key_file
from tests.integration.toolchain import need, printed
from tests.support.commands import Say, saying
from tests.support.processes import ROOT, outcome

pytestmark = pytest.mark.integration

KINDS = {
    "Namespace housing", "Service housing-server", "Service housing-rest",
    "Deployment housing-server", "Deployment housing-rest", "CronJob housing-retrain",
    "PodDisruptionBudget housing-server", "PodDisruptionBudget housing-rest",
    "HorizontalPodAutoscaler housing-server", "NetworkPolicy nothing-else",
    "NetworkPolicy housing-server", "NetworkPolicy housing-rest", "NetworkPolicy housing-retrain",
    "Job housing-seed", "PersistentVolumeClaim housing-training-data",
}  # fmt: skip

MLFLOW = {
    "Namespace mlflow", "Service mlflow", "PersistentVolumeClaim mlflow", "Deployment mlflow",
    "NetworkPolicy mlflow",
}  # fmt: skip
IN_MLFLOW = {"matchLabels": {"kubernetes.io/metadata.name": "mlflow"}}
RUNNING = ("Deployment", "CronJob", "Job")

Manifest = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """What following docs/operations.md comes to: the key, and what each step says or applies."""

    key: str
    steps: list[str]
    mlflow: str
    housing: str


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """Follows the page's own lines, with a kubectl that builds, and a docker that only listens."""
    kustomize = need("kustomize", "make tools", str(ROOT / ".tools/bin"))
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "deploy", folder / "deploy")
    programs = folder / "programs"
    programs.mkdir()
    (folder / "steps").touch()
    say = f'echo "$(basename "$0") $*" >> {folder}/steps'
    build = f'case "$1 $2" in "apply -k") echo "# applied"; exec {kustomize} build "$3";; esac'
    for name in ("docker", "kubectl"):
        (programs / name).write_text(f"#!/bin/sh\n{say}\n{build}\n")
        (programs / name).chmod(0o755)
    page = (
        (ROOT / "docs/operations.md").read_text(encoding="utf-8").partition("## On Kubernetes")[2]
    )
    lines = page.partition("```sh\n")[2].partition("```")[0]
    path = f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    said = printed(["sh", "-e", "-c", f'{lines}echo "# $KEY"'], folder, PATH=path)
    _, mlflow, rest = said.split("# applied\n")
    housing, _, key = rest.rpartition("# ")
    steps = (folder / "steps").read_text().splitlines()
    return Deployed(key=key.strip(), steps=steps, mlflow=mlflow, housing=housing)


@pytest.fixture(scope="module")
def text(deployed: Deployed) -> str:
    return deployed.housing


@pytest.fixture(scope="module")
def mlflow_text(deployed: Deployed) -> str:
    return deployed.mlflow


def named(text: str) -> dict[str, Manifest]:
    return {
        f"{found['kind']} {found['metadata']['name']}": found for found in yaml.safe_load_all(text)
    }


@pytest.fixture(scope="module")
def manifests(text: str) -> dict[str, Manifest]:
    return named(text)


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    go = need("go", "Go 1.26 or newer")
    binary = tmp_path_factory.mktemp("decoder") / "manifests"
    variables = {"CGO_ENABLED": "0", "GOWORK": "off"}
    printed([go, "build", "-o", binary, "."], ROOT / "tests/deploy/manifests", **variables)
    return binary


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    return saying(cli.main, capsys)


def decoded(decoder: Path, text: str) -> subprocess.CompletedProcess[str]:
    return outcome([decoder], input=text)


def test_the_api_types_know_every_object_and_field(decoder: Path, text: str) -> None:
    done = decoded(decoder, text)
    assert (done.returncode, done.stderr) == (0, "")
    found = set(done.stdout.splitlines())
    generated = {line.rpartition("-")[0] for line in found - KINDS}
    assert found >= KINDS
    assert generated == {"ConfigMap housing-registry", "Secret housing-keys"}


def test_the_mlflow_to_begin_with_is_known_to_the_api_types(
    decoder: Path, mlflow_text: str
) -> None:
    done = decoded(decoder, mlflow_text)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(done.stdout.splitlines()) == MLFLOW


def test_the_images_that_are_built_are_those_that_run(
    deployed: Deployed, manifests: dict[str, Manifest], mlflow_text: str
) -> None:
    built = {step.split()[3] for step in deployed.steps if step.startswith("docker build ")}
    pushed = {step.split()[2] for step in deployed.steps if step.startswith("docker push ")}
    both = [*manifests.values(), *named(mlflow_text).values()]
    run = {
        container["image"]
        for manifest in both
        if manifest["kind"] in RUNNING
        for container in containers(manifest)
    }
    assert built == pushed == run
    assert len(run) == 3


def test_what_a_pod_mounts_and_reads_is_there(
    manifests: dict[str, Manifest], mlflow_text: str
) -> None:
    for found in (manifests, named(mlflow_text)):
        for manifest in found.values():
            if manifest["kind"] not in RUNNING:
                continue
            spec = pod(manifest)
            volumes = {volume["name"]: volume for volume in spec["volumes"]}
            for volume in volumes.values():
                claim = volume.get("persistentVolumeClaim", {}).get("claimName")
                assert claim is None or f"PersistentVolumeClaim {claim}" in found
                secret = volume.get("secret", {}).get("secretName")
                assert secret is None or f"Secret {secret}" in found
            for container in containers(manifest):
                assert {mount["name"] for mount in container["volumeMounts"]} <= set(volumes)
                for source in container.get("envFrom", ()):
                    assert f"ConfigMap {source['configMapRef']['name']}" in found


def test_the_first_model_is_trained_on_the_file_that_is_put_on_the_claim(
    manifests: dict[str, Manifest], tmp_path: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where nothing is promoted yet.
    monkeypatch.setenv("HOUSING_HOME", str(tmp_path / "home"))
    prepared, trains = containers(manifests["Job housing-seed"])
    (data,) = (flag for flag in trains["args"] if flag.startswith("--data="))
    command, claim = prepared["command"][2], str(tmp_path)
    outcome(["sh", "-ec", command.replace("/training", claim)], cwd=ROOT, check=True)
    file = tmp_path / Path(data).name
    assert file.read_bytes() == (ROOT / "data/HousingData.csv").read_bytes()
    file.write_text("my own\n")
    outcome(["sh", "-ec", command.replace("/training", claim)], cwd=ROOT, check=True)
    assert file.read_text() == "my own\n"
    # All flags are known: what is wrong is the file that is not there.
    missing = [flag.replace("/training", "/no/such") for flag in trains["args"]]
    assert "there is no such file" in say(*missing, code=3).err


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (8, 0), (7, 1), (2, 1)])
def test_a_retraining_with_nothing_to_do_is_no_failed_job(
    manifests: dict[str, Manifest], tmp_path: Path, code: int, ends: int
) -> None:
    job = manifests["CronJob housing-retrain"]["spec"]
    assert (job["concurrencyPolicy"], job["jobTemplate"]["spec"]["backoffLimit"]) == ("Forbid", 0)
    (container,) = containers(manifests["CronJob housing-retrain"])
    program = tmp_path / "housing-admin"
    program.write_text(f"#!/bin/sh\nexit {code}\n")
    program.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    assert outcome(container["command"], env={"PATH": path}).returncode == ends


def test_a_retraining_is_asked_for_with_flags_that_are_known(
    manifests: dict[str, Manifest], tmp_path: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSING_HOME", str(tmp_path))
    (container,) = containers(manifests["CronJob housing-retrain"])
    command = container["command"][2].partition(" || ")[0].split()
    assert "has no version yet" in say(*command[1:], code=4).err


def test_a_policy_lets_each_pod_that_asks_mlflow_out(
    manifests: dict[str, Manifest], mlflow_text: str
) -> None:
    (port,) = {
        rule["ports"][0]["port"]
        for manifest in manifests.values()
        if manifest["kind"] == "NetworkPolicy"
        for rule in manifest["spec"].get("egress", ())
        for place in rule["to"]
        if place.get("namespaceSelector") == IN_MLFLOW
    }
    service = named(mlflow_text)["Service mlflow"]["spec"]["ports"][0]
    assert service["port"] == port
    chosen = {
        name
        for manifest in manifests.values()
        if manifest["kind"] == "NetworkPolicy"
        for rule in manifest["spec"].get("egress", ())
        if any(place.get("namespaceSelector") == IN_MLFLOW for place in rule["to"])
        for name in names_of(manifest["spec"]["podSelector"])
    }
    assert chosen == {"housing-server", "housing-retrain", "housing-seed"}


def test_the_recipe_has_the_probes_of_the_manifest(manifests: dict[str, Manifest]) -> None:
    page = (ROOT / "docs/recipes.md").read_text(encoding="utf-8").partition("## Kubernetes")[2]
    recipe = yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0])
    spec = pod(manifests["Deployment housing-server"])
    (written,), (container,) = recipe["containers"], spec["containers"]
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert written[name] == container[name], name
    assert all(entry in container["env"] for entry in written["env"])
    stop = "terminationGracePeriodSeconds"
    assert recipe[stop] == spec[stop]
    # A server that drains says NOT_SERVING, and is not to be killed for it.
    alive = container["livenessProbe"]
    assert alive["periodSeconds"] * alive["failureThreshold"] > spec[stop]


def test_the_memory_of_a_server_holds_the_child_that_asks_the_registry(
    manifests: dict[str, Manifest],
) -> None:
    (container,) = containers(manifests["Deployment housing-server"])
    assert container["resources"]["limits"]["memory"] == "2Gi"


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


def containers(manifest: Manifest) -> list[Manifest]:
    """Those that prepare a pod, and then those that run in it."""
    spec = pod(manifest)
    return [*spec.get("initContainers", ()), *spec["containers"]]


def names_of(selector: Manifest) -> list[str]:
    """The values of the one label that a selector asks for."""
    several = [each["values"] for each in selector.get("matchExpressions", ())]
    return sum(several, list(selector.get("matchLabels", {}).values()))


def variables(manifest: Manifest) -> dict[str, str]:
    env = pod(manifest)["containers"][0]["env"]
    return {entry["name"]: entry["value"] for entry in env if "value" in entry}


def test_every_pod_keeps_to_the_restricted_standard(
    manifests: dict[str, Manifest], mlflow_text: str
) -> None:
    both = [*manifests.values(), *named(mlflow_text).values()]
    running = [found for found in both if found["kind"] in RUNNING]
    assert len(running) == 5
    for manifest in running:
        spec = pod(manifest)
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not spec["automountServiceAccountToken"]
        for container in containers(manifest):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
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
    manifests: dict[str, Manifest], deployed: Deployed, tmp_path: Path
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
    assert [each.digest for each in loaded] == [callers.digest(deployed.key)]
    path = Path(variables(server)["RECEIPT_KEYS_FILE"])
    assert str(path.parent) == mount["mountPath"]
    (tmp_path / path.name).write_bytes(base64.b64decode(secret["data"][path.name]))
    assert len(receipt_key_file.load(tmp_path / path.name).keys) == 1
