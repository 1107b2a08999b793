"""schemathesis against the generated description: no 5xx, no status that is not in it."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.integration

STREAM = "/v1/predict:stream"

RUNS = {
    # The contract cannot say that a house needs a feature, or that CHAS is 0 or 1: what fits
    # the description is refused now and then, which is what this check would hold against it.
    "json": ("--exclude-path", STREAM, "--exclude-checks", "positive_data_acceptance"),
    # Whatever is sent as lines is lines: each is refused for itself, in an answer that is 200.
    "lines": (
        *("--include-path", STREAM, "--checks"),
        "not_a_server_error,status_code_conformance,content_type_conformance,unsupported_method",
    ),
}


@pytest.mark.parametrize("run", RUNS)
def test_the_proxy_does_what_its_description_says(
    rest: httpx.Client, tmp_path: Path, run: str
) -> None:
    ended = subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "run", *RUNS[run]),
            *("--max-examples", "300", "--continue-on-failure", "--no-color"),
            f"{rest.base_url}/openapi.json",
        ],
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(ROOT / "tests/rest/ndjson_hooks.py")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(ended.stdout)
    assert ended.returncode == 0
    assert f"{11 if run == 'json' else 1} selected / 12 total" in ended.stdout
