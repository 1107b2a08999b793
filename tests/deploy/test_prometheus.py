"""The rules by promtool, and the dashboard's queries by a Prometheus that reads the server."""

import json
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import yaml
from housing.v1.feedback_pb2 import Outcome, RecordOutcomesRequest
from housing.v1.model_pb2 import ReloadModelRequest
from housing.v1.prediction_pb2 import House, PredictBatchRequest, PredictRequest

from tests.integration.daemon import Daemon, answers
from tests.integration.toolchain import need, printed
from tests.support import waiting
from tests.support.client import Client, client_of
from tests.support.examples import Example
from tests.support.ports import free_port
from tests.support.processes import ROOT, outcome, serving, started

pytestmark = pytest.mark.integration

RULES = ROOT / "deploy/prometheus"
DASHBOARD = ROOT / "deploy/grafana/dashboards/housing.json"
DEBIAN = "Prometheus, on Debian: apt-get install prometheus"
SECONDS = waiting.SECONDS
# What a server without TLS that does well has nothing of.
QUIET = {
    "Alerts",
    # A server of a folder has no challenger.
    "Verdict", "Difference of squared errors", "Outcomes that both have priced",
    "Difference of prices", "Outside the live model's interval", "Houses of the shadow a second",
}  # fmt: skip


def test_the_configurations_and_the_rules_are_sound(tmp_path: Path) -> None:
    promtool = need("promtool", DEBIAN)
    printed([promtool, "check", "config", "--lint=all", "--lint-fatal", "prometheus.yml"], RULES)
    # Debian builds its Prometheus without what finds pods.
    config = yaml.safe_load((RULES / "kubernetes.yml").read_text())
    for job in config["scrape_configs"]:
        (found,) = job.pop("kubernetes_sd_configs")
        assert found == {"role": "pod", "namespaces": {"names": ["housing"]}}
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    shutil.copy(RULES / "rules.yml", tmp_path)
    printed([promtool, "check", "config", "--lint=all", "--lint-fatal", "prometheus.yml"], tmp_path)
    printed([promtool, "check", "rules", "--lint=all", "--lint-fatal", "rules.yml"], RULES)


def test_each_alert_fires_when_it_should() -> None:
    printed([need("promtool", DEBIAN), "test", "rules", "rules_test.yml"], RULES)


def test_each_alert_has_a_test_a_severity_and_says_what_to_do() -> None:
    groups = yaml.safe_load((RULES / "rules.yml").read_text())["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    tests = yaml.safe_load((RULES / "rules_test.yml").read_text())["tests"]
    fired = {
        case["alertname"]
        for test in tests
        for case in test.get("alert_rule_test", ())
        if case["exp_alerts"]
    }
    assert fired == {alert["alert"] for alert in alerts}
    for alert in alerts:
        assert alert["labels"]["severity"] in ("page", "ticket")
        assert set(alert["annotations"]) == {"summary", "action", "runbook"}


def test_each_alert_has_a_section_of_the_runbook() -> None:
    groups = yaml.safe_load((RULES / "rules.yml").read_text())["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    page = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\w+)\n\n\*(Page|Ticket)\.\*", page, re.MULTILINE))
    assert {name: kind.lower() for name, kind in sections.items()} == {
        alert["alert"]: alert["labels"]["severity"] for alert in alerts
    }
    for alert in alerts:
        # As GitHub makes an anchor of a heading.
        assert alert["annotations"]["runbook"] == f"docs/runbook.md#{alert['alert'].lower()}"
    anchors = {name.lower() for name in sections}
    assert set(re.findall(r"\]\(#(\w+)\)", page)) <= anchors


def sold(client: Client) -> None:
    """Records that houses sold for what was predicted: enough of them for rates to be shown."""
    items = [House(rm=5 + number / 40, lstat=10) for number in range(60)]
    request = PredictBatchRequest(items=items, receipt=True)
    prices = client.predictions.PredictBatch(request, timeout=SECONDS).results
    outcomes = [Outcome(receipt=each.receipt, actual=each.prediction) for each in prices]
    client.feedback.RecordOutcomes(RecordOutcomesRequest(items=outcomes), timeout=SECONDS)


def traffic(client: Client, rest: str) -> None:
    """Every kind of call: right, wrong, with blanks, out of range, outcomes, and a reload."""
    sold(client)
    rare = PredictRequest(house=House(rm=6.5, lstat=12, tax=9000))
    wrong = PredictRequest(house=House(chas=7))
    for _ in range(5):
        client.predictions.Predict(rare, timeout=SECONDS)
        client.predictions.Predict(PredictRequest(house=rare.house, explain=True), timeout=SECONDS)
        with pytest.raises(grpc.RpcError):
            client.predictions.Predict(wrong, timeout=SECONDS)
        # Enough rows for a drift that means something.
        batch = PredictBatchRequest(items=[rare.house] * 1000 + [wrong.house])
        client.predictions.PredictBatch(batch, timeout=SECONDS)
        for house in ({"RM": 6.5}, {"CHAS": 7}):
            httpx.post(f"{rest}/predict", json=house, timeout=SECONDS, trust_env=False)
    client.models.ReloadModel(ReloadModelRequest(), timeout=SECONDS)


@contextmanager
def kept_up(target: str, rest: str) -> Iterator[None]:
    """Traffic for as long as it is entered: a rate needs two readings, one after the other."""
    ended = threading.Event()

    def run() -> None:
        with grpc.insecure_channel(target) as channel:
            while not ended.wait(1):
                traffic(client_of(channel, target), rest)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run)
        try:
            yield
        finally:
            ended.set()
            running.result(timeout=SECONDS)


def eventually(asks: Callable[[], bool]) -> bool:
    """Whether it becomes true within a minute."""
    until = time.monotonic() + SECONDS
    while not asks():
        if time.monotonic() > until:
            return False
        time.sleep(0.5)
    return True


def configuration(folder: Path, targets: dict[str, str]) -> Path:
    """The shipped configuration, with addresses in place of names, and quicker."""
    config = yaml.safe_load((RULES / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(RULES / "rules.yml")]
    for job in config["scrape_configs"]:
        del job["dns_sd_configs"]
        job["static_configs"] = [{"targets": [targets[job["job_name"]]]}]
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.fixture(scope="module")
def prometheus(honest: Example, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus that reads a server and its proxy, which are called all the time."""
    program = need("prometheus", DEBIAN)
    folder = tmp_path_factory.mktemp("prometheus")
    api, port = free_port(), free_port()
    with ExitStack() as stack:
        home = {
            "FEEDBACK_URL": f"sqlite:///{folder / 'feedback.db'}", "HOUSING_HOME": str(folder)
        }  # fmt: skip
        serves = stack.enter_context(serving(honest.folder, **home)).event("server.serving")
        target, metrics = f"127.0.0.1:{serves['port']}", serves["metrics_port"]
        variables = {"GRPC_TARGET": target, "API_PORT": str(api), "LOG_FORMAT": "json"}
        proxy = stack.enter_context(started(["-m", "housing_grpc.rest"], **variables))
        proxy.event("rest.serving")
        targets = {"housing-server": f"127.0.0.1:{metrics}", "housing-rest": f"127.0.0.1:{api}"}
        config = configuration(folder, targets)
        url = f"http://127.0.0.1:{port}"
        store = f"--storage.tsdb.path={folder / 'data'}"
        listen = f"--web.listen-address=127.0.0.1:{port}"
        daemon = Daemon(
            [program, f"--config.file={config}", store, listen],
            answers=answers(f"{url}/-/ready"),
            log=folder / "log",
            env={},
        )
        daemon.start()
        stack.callback(daemon.stop)
        stack.enter_context(kept_up(target, f"http://127.0.0.1:{api}"))
        yield url


def asked(url: str, query: str) -> list[Any]:
    """Answers a query; one that cannot be understood fails."""
    given = {"query": query}
    answer = httpx.get(f"{url}/api/v1/query", params=given, timeout=SECONDS, trust_env=False).json()
    assert answer["status"] == "success", (query, answer)
    found: list[Any] = answer["data"]["result"]
    return found


def test_each_panel_and_variable_of_the_dashboard_is_described() -> None:
    found = json.loads(DASHBOARD.read_text())
    variables = {each["name"]: each for each in found["templating"]["list"]}
    assert set(variables) == {"datasource", "instance"}
    for each in (found, *variables.values(), *panels()):
        assert each["description"]
    for panel in panels():
        assert panel["datasource"]["uid"] == "${datasource}"
        for target in panel["targets"]:
            # Rules are worked out over all instances; an alert of none has no instance.
            whole = re.match(r"housing:|ALERTS", target["expr"])
            assert whole or 'instance=~"$instance"' in target["expr"], panel["title"]


def panels() -> list[dict[str, Any]]:
    found = json.loads(DASHBOARD.read_text())["panels"]
    return [panel for panel in found if panel["type"] != "row"]


def test_both_are_read(prometheus: str) -> None:
    def jobs() -> dict[str, str]:
        return {entry["metric"]["job"]: entry["value"][1] for entry in asked(prometheus, "up")}

    assert eventually(lambda: jobs() == {"housing-server": "1", "housing-rest": "1"}), jobs()


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: str(panel["title"]))
def test_each_panel_shows_something(prometheus: str, panel: dict[str, Any]) -> None:
    queries = [
        target["expr"].replace("$__rate_interval", "20s").replace("$instance", ".*")
        for target in panel["targets"]
    ]

    def shown() -> bool:
        found = [asked(prometheus, query) for query in queries]
        return any(found)

    assert shown() or panel["title"] in QUIET or eventually(shown)


def test_no_alert_of_a_server_that_does_well(prometheus: str) -> None:
    # The rules have been worked out when this one has a value.
    assert eventually(lambda: bool(asked(prometheus, "housing:prediction_errors:ratio_rate5m")))
    firing = asked(prometheus, 'ALERTS{alertstate="firing"}')
    assert firing == []


def test_the_metrics_are_well_formed(prometheus: str) -> None:
    url = f"{prometheus}/api/v1/targets"
    targets = httpx.get(url, timeout=SECONDS, trust_env=False).json()
    for target in targets["data"]["activeTargets"]:
        text = httpx.get(target["scrapeUrl"], timeout=SECONDS, trust_env=False).text
        promtool = need("promtool", DEBIAN)
        done = outcome([promtool, "check", "metrics"], input=text)
        # It knows nothing of `_total` gauges and the like, but what it cannot read is an error.
        assert done.returncode in (0, 3), done.stdout + done.stderr
        assert "error" not in done.stderr
