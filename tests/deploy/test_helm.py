"""The chart: the same objects as kustomize builds, with the values that somebody gives put in."""

import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from housing_grpc.metrics import catalogue
from tests.deploy.test_kubernetes import KINDS, Manifest, containers, decoded, decoder, named, pod
from tests.integration.toolchain import need, printed
from tests.support.processes import ROOT, outcome

__all__ = ["decoder"]  # The fixture.

pytestmark = pytest.mark.integration

CHART = ROOT / "deploy/helm/housing"
TOOLS = str(ROOT / ".tools/bin")
REGISTRY = "ConfigMap housing-registry"
CLAIM = "PersistentVolumeClaim housing-training-data"
SERVER, REST = "Deployment housing-server", "Deployment housing-rest"
AUTOSCALER = "HorizontalPodAutoscaler housing-server"


def helm(
    *arguments: str | Path, values: Manifest | None = None
) -> subprocess.CompletedProcess[str]:
    command = [need("helm", "make tools-deploy", TOOLS), *arguments]
    if values is None:
        return outcome(command)
    return outcome([*command, "--values=-"], input=yaml.safe_dump(values))


def template(chart: Path = CHART, **values: Any) -> str:
    flags = ["--namespace=housing", "--kube-version=1.30.0"]
    done = helm("template", "housing", chart, *flags, values=values)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rendered(**values: Any) -> dict[str, Manifest]:
    return named(template(**values))


def variables(manifest: Manifest) -> dict[str, str]:
    env = containers(manifest)[-1]["env"]
    return {entry["name"]: entry.get("value", "") for entry in env}


def test_it_is_what_kustomize_builds() -> None:
    kustomize = need("kustomize", "make tools", TOOLS)
    built = printed([kustomize, "build", ROOT / "deploy/kubernetes/base"], ROOT)
    # kustomize names it by its content, so that pods are made anew; the chart notes that on them.
    (generated,) = (name for name in named(built) if name.startswith(REGISTRY))
    expected = named(built.replace(generated.split()[1], REGISTRY.split()[1]))
    # Helm's own business: it is there before the chart is.
    del expected["Namespace housing"]
    found = rendered()
    for manifest in found.values():
        assert manifest["metadata"].pop("annotations", None) == (
            {"helm.sh/resource-policy": "keep"} if manifest is found[CLAIM] else None
        )
    noted = found[SERVER]["spec"]["template"]["metadata"].pop("annotations")
    assert set(noted) == {"checksum/registry"}
    assert found == expected


def test_lint_has_nothing_to_say() -> None:
    done = helm("lint", "--strict", CHART)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]" not in done.stdout


def test_the_chart_is_of_this_version() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert f'\nversion = "{chart["appVersion"]}"\n' in project


def test_a_package_holds_all_that_it_is_made_of(tmp_path: Path) -> None:
    done = helm("package", CHART, "--destination", tmp_path)
    assert done.returncode == 0, done.stderr
    (package,) = tmp_path.glob("*.tgz")
    with tarfile.open(package) as archive:
        assert all(member.isfile() for member in archive.getmembers())
    given: dict[str, Any] = {"monitoring": {"enabled": True}}
    assert template(package, **given) == template(**given)


@pytest.fixture(scope="module")
def everything() -> str:
    """All objects, with each value set."""
    return template(
        images={"housing-grpc": "example.com/a:1", "housing-grpc-admin": "example.com/b@sha256:2"},
        imagePullSecrets=["login"],
        secrets={"housing-keys": "my-keys", "housing-feedback": "my-feedback"},
        registry={"MLFLOW_TRACKING_URI": "https://mlflow.example.com"},
        egress=[{"to": [{"ipBlock": {"cidr": "203.0.113.7/32"}}], "ports": [{"port": 443}]}],
        server={
            "env": {"WORKERS": "2", "DIALECTS": ""},
            "resources": {"limits": {"memory": "3Gi"}},
        },
        rest={"replicas": 5},
        retrain={"suspend": False, "schedule": "0 4 * * *"},
        autoscaling={"minReplicas": 6, "maxReplicas": 60, "queueDepth": 4},
        monitoring={"enabled": True, "labels": {"release": "prometheus"}},
        patches={REST: {"spec": {"template": {"spec": {"nodeSelector": {"pool": "web"}}}}}},
    )


@pytest.fixture(scope="module")
def changed(everything: str) -> dict[str, Manifest]:
    return named(everything)


def test_the_api_types_know_every_object_and_field(decoder: Path, everything: str) -> None:
    done = decoded(decoder, everything)
    assert (done.returncode, done.stderr) == (0, "")
    monitoring = {"PodMonitor housing-server", "PodMonitor housing-rest", "PrometheusRule housing"}
    expected = KINDS - {"Namespace housing"} | monitoring | {REGISTRY}
    assert set(done.stdout.splitlines()) == expected


def test_images_and_secrets_are_those_that_are_named(changed: dict[str, Manifest]) -> None:
    running = [
        each for each in changed.values() if each["kind"] in ("Deployment", "Job", "CronJob")
    ]
    images = {container["image"] for each in running for container in containers(each)}
    assert images == {"example.com/a:1", "example.com/b@sha256:2"}
    assert all(pod(each)["imagePullSecrets"] == [{"name": "login"}] for each in running)
    text = yaml.safe_dump(pod(changed[SERVER]))
    assert "secretName: my-keys" in text
    assert "name: my-feedback" in text
    assert "name: my-feedback" in yaml.safe_dump(pod(changed["CronJob housing-retrain"]))


def test_values_are_put_in_and_the_rest_stays(changed: dict[str, Manifest]) -> None:
    plain = rendered()
    data = changed[REGISTRY]["data"]
    assert data["MLFLOW_TRACKING_URI"] == "https://mlflow.example.com"
    assert data["MLFLOW_MODEL_ALIAS"] == plain[REGISTRY]["data"]["MLFLOW_MODEL_ALIAS"]
    assert variables(changed[SERVER]) == {
        **variables(plain[SERVER]), "WORKERS": "2", "DIALECTS": "",
    }  # fmt: skip
    (before,), (after,) = containers(plain[SERVER]), containers(changed[SERVER])
    assert after["resources"]["requests"] == before["resources"]["requests"]
    assert after["resources"]["limits"]["memory"] == "3Gi"
    assert changed[REST]["spec"]["replicas"] == 5
    assert pod(changed[REST])["nodeSelector"] == {"pool": "web"}
    job = changed["CronJob housing-retrain"]["spec"]
    assert (job["suspend"], job["schedule"]) == (False, "0 4 * * *")
    for name in ("housing-server", "housing-retrain"):
        rules = changed[f"NetworkPolicy {name}"]["spec"]["egress"]
        assert rules[:-1] == plain[f"NetworkPolicy {name}"]["spec"]["egress"]
        assert rules[-1]["ports"] == [{"port": 443}]


def test_another_registry_makes_the_servers_anew() -> None:
    def noted(**values: Any) -> Manifest:
        found: Manifest = rendered(**values)[SERVER]["spec"]["template"]["metadata"]["annotations"]
        return found

    assert noted() == noted() != noted(registry={"MLFLOW_MODEL_ALIAS": "candidate"})


def test_what_is_not_wanted_is_left_out() -> None:
    found = rendered(seed={"enabled": False}, autoscaling={"enabled": False})
    assert set(rendered()) - set(found) == {"Job housing-seed", AUTOSCALER}


def test_the_queue_scales_beside_the_processor(changed: dict[str, Manifest]) -> None:
    spec = changed[AUTOSCALER]["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (6, 60)
    cpu, queue = spec["metrics"]
    assert [cpu] == rendered()[AUTOSCALER]["spec"]["metrics"]
    assert queue["pods"]["target"] == {"type": "AverageValue", "averageValue": "4"}
    # The server has such a metric.
    assert queue["pods"]["metric"]["name"] in {each.name for each in catalogue.FAMILIES}


def test_the_operator_reads_what_prometheus_would(changed: dict[str, Manifest]) -> None:
    config = yaml.safe_load((ROOT / "deploy/prometheus/kubernetes.yml").read_text())
    for job in config["scrape_configs"]:
        monitor = changed[f"PodMonitor {job['job_name']}"]
        assert monitor["metadata"]["labels"]["release"] == "prometheus"
        (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
        template = changed[f"Deployment {job['job_name']}"]["spec"]["template"]
        (container,) = template["spec"]["containers"]
        assert endpoint["port"] in {port["name"] for port in container["ports"]}
        chosen = monitor["spec"]["selector"]["matchLabels"].items()
        assert chosen <= template["metadata"]["labels"].items()
        # The label from which the operator takes what the rules know as the job.
        assert template["metadata"]["labels"][monitor["spec"]["jobLabel"]] == job["job_name"]


def test_the_rules_are_those_of_prometheus(changed: dict[str, Manifest]) -> None:
    rules = changed["PrometheusRule housing"]["spec"]
    assert rules == yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"sever": {}}, "sever"),
        ({"server": {"env": {"WORKERS": 2}}}, "/server/env/WORKERS"),
        ({"server": {"replicas": 2}}, "replicas"),
        ({"autoscaling": {"queueDepth": 0}}, "/autoscaling/queueDepth"),
        ({"images": {"housing-grpc": ""}}, "/images/housing-grpc"),
        ({"patches": {"Deployment housing": {}}}, "patches: there is no Deployment housing"),
    ],
)
def test_a_wrong_value_is_refused_by_name(values: Manifest, text: str) -> None:
    done = helm("template", "housing", CHART, "--kube-version=1.30.0", values=values)
    assert done.returncode == 1
    assert text in done.stderr.replace(".", "/") or text in done.stderr


def test_an_older_cluster_is_refused() -> None:
    done = helm("template", "housing", CHART, "--kube-version=1.29.0")
    assert done.returncode == 1
    assert "requires kubeVersion" in done.stderr
