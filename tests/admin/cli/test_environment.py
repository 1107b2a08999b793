"""Variables that are meant for other programs."""

import json
from contextlib import ExitStack
from pathlib import Path

from housing_grpc.server import HousingServer
from housing_grpc.settings import Settings as ServerSettings
from tests.admin.terminal.fake_terminal import admin
from tests.support.examples import Example
from tests.support.ports import free_port

# As Jupyter, Colab, a company's network, or a hook of Git set them; nothing is there.
OTHERS = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "all_proxy": "socks5://127.0.0.1:9",
    "OMP_NUM_THREADS": "many",
    "GIT_DIR": "/nowhere",
    "GIT_INDEX_FILE": "/nowhere",
    "AWS_PROFILE": "nobody",
    "PYTHONOPTIMIZE": "2",
    "PYTHONUTF8": "0",
    "LC_ALL": "C",
    "COLUMNS": "many",
    "TERM": "unheard-of",
}


def test_variables_of_other_programs_end_no_training(tmp_path: Path) -> None:
    done = admin(tmp_path, "train", "--model", "linear", "--register", "--json", **OTHERS)
    assert (done.returncode, done.stderr.count("unexpected")) == (0, 0), done.stderr
    assert json.loads(done.stdout)["version"] == 1


def test_a_proxy_is_not_for_this_machine(linear: Example, tmp_path: Path) -> None:
    with ExitStack() as stack:
        server = HousingServer(ServerSettings(grpc_port=0, bundle_dir=str(linear.folder)))
        stack.callback(server.close, grace_seconds=0)
        server.start()
        proxies = {name: OTHERS[name] for name in ("http_proxy", "https_proxy")}
        target = f"localhost:{server.port}"
        done = admin(tmp_path, "predict", "--target", target, **proxies)
    assert done.returncode == 0, done.stderr


def test_a_proxy_in_the_way_is_named(tmp_path: Path) -> None:
    port = free_port()
    target = f"housing.invalid:{port}"
    done = admin(tmp_path, "predict", "--target", target, http_proxy=f"http://127.0.0.1:{port}")
    assert "by way of http_proxy (no_proxy=housing.invalid goes without)" in done.stderr
