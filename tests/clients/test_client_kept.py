"""What `housing score` has written stays: on a full disk, beside another job, however long."""

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from clients.python.command.claim import open_claimed
from clients.python.command.files import REJECTED_HEADER
from clients.python.command.rejected import Rejected
from tests.clients.conftest import Run
from tests.conftest import ROOT
from tests.support.commands import Say
from tests.support.processes import outcome
from tests.support.waiting import SECONDS

Capture = pytest.CaptureFixture[str]

LIMITED = """
import resource, sys
from clients.python.command.main import main
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
sys.exit(main(sys.argv[2:]))
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Every second of 2000 houses is rejected."""
    path = tmp_path / "houses.csv"
    path.write_text("RM\n" + "6\nsix\n" * 1000)
    return path


def limited(address: str, limit: int, *arguments: object) -> "subprocess.CompletedProcess[str]":
    """Runs a command that cannot write files larger than a limit, as on a full disk."""
    command = [sys.executable, "-c", LIMITED, str(limit), "score", "--target", address]
    # What measures the tests' coverage would want to write a larger file.
    unmeasured = {name: text for name, text in os.environ.items() if not name.startswith("COV")}
    return outcome([*command, *map(str, arguments)], env=unmeasured)


def test_reasons_of_earlier_rows_survive_a_job_that_fails(
    run: Run, address: str, source: Path
) -> None:
    whole, part = source.with_name("whole.csv"), source.with_name("part.csv")
    assert run("score", source, whole) == 4
    reasons = source.with_name("whole.rejected.csv").read_bytes()
    beside = source.with_name("part.rejected.csv")
    part.write_bytes(b"".join(whole.read_bytes().splitlines(keepends=True)[:1001]))
    kept = b"".join(reasons.splitlines(keepends=True)[:501])
    beside.write_bytes(reasons)
    for room in (-len(kept) // 2, 0, 100):
        job = limited(address, len(kept) + room, source, part, "--resume", "--quiet")
        assert job.returncode == 1
        assert f"error: {beside}: File too large" in job.stderr
        assert "1,000 rows done; go on with --resume" in job.stderr
        assert beside.read_bytes().startswith(kept)
    assert run("score", source, part, "--resume") == 4
    assert part.read_bytes() == whole.read_bytes()
    assert beside.read_bytes() == reasons


def test_a_full_disk_is_told_with_the_name_of_the_file(address: str, source: Path) -> None:
    source.write_text("RM\n" + "6\n" * 1000)
    for name in ("prices.csv", "prices.ndjson", "prices.parquet"):
        job = limited(address, 100, source, source.with_name(name))
        assert job.returncode == 1
        assert f"error: {source.with_name(name)}: File too large\n" in job.stderr
        assert "Traceback" not in job.stderr


def test_a_resume_is_not_advised_where_nothing_can_be_gone_on_with(
    address: str, source: Path
) -> None:
    source.write_text("RM\n" + "6\n" * 5000)
    target = source.with_name("prices.parquet")
    job = limited(address, 6000, source, target, "--chunk-rows", 500)
    assert (job.returncode, target.exists()) == (1, False)
    assert job.stderr.endswith(f"error: {target}: File too large\n")
    assert "--resume" not in job.stderr


def test_reasons_that_are_gone_are_missed(
    run: Run, source: Path, say: Say, capsys: Capture
) -> None:
    for name in ("prices.csv", "prices.ndjson"):
        target = source.with_name(name)
        assert run("score", source, target) == 4
        source.with_name("prices.rejected.csv").unlink()
        capsys.readouterr()
        told = say("score", source, target, "--resume", "--quiet", code=4).err
        assert "warning: 1,000 rows rejected before, without a reason" in told
        target.unlink()


def test_what_stays_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "prices.rejected.csv"
    entry = ",INVALID_ARGUMENT,NOT_A_NUMBER,RM,RM is 'six'\n"
    with path.open("w") as file:
        file.write(",".join(REJECTED_HEADER) + "\n")
        file.writelines(f"{row}{entry}" for row in range(50_000))
    tracemalloc.start()
    try:
        with Rejected(path, keep=40_000) as rejected:
            assert rejected.rows == 40_000
        assert tracemalloc.get_traced_memory()[1] < path.stat().st_size / 2
    finally:
        tracemalloc.stop()
    assert path.read_bytes().endswith(f"\n39999{entry}".encode())


def test_reasons_may_be_long_and_have_line_breaks(run: Run, tmp_path: Path) -> None:
    source, target = tmp_path / "houses.ndjson", tmp_path / "prices.csv"
    rows = ['{"RM": 6}', '{"R\\r\\nM": 6}', '{"RM": "' + "6" * 300_000 + '"}', '{"RM": 7}']
    source.write_text("\n".join(rows))
    assert run("score", source, target) == 4
    beside = tmp_path / "prices.rejected.csv"
    lines = beside.read_text().splitlines()
    assert [line.partition(",")[0] for line in lines] == ["row", "1", "2"]
    assert max(map(len, lines)) < 1000
    # Of an earlier job, which knew no bound.
    beside.write_text(f"{lines[0]}\n{lines[1]}\n3,A,B,C,{'x' * 200_000}\n")
    kept = beside.read_bytes()
    assert run("score", source, target, "--resume") == 4
    assert beside.read_bytes() == kept


@pytest.mark.parametrize(
    ("held", "target", "mode"),
    [
        ("prices.csv", "prices.csv", "--resume"),
        ("prices.ndjson", "prices.ndjson", "--resume"),
        ("prices.csv", "prices.csv", "--force"),
        ("prices.parquet.part", "prices.parquet", "--force"),
        ("prices.rejected.csv", "prices.csv", "--force"),
    ],
)
def test_an_output_has_one_job_at_a_time(
    run: Run, source: Path, held: Path, target: Path, *, mode: str, say: Say, capsys: Capture
) -> None:
    held, target = source.parent / held, source.parent / target
    assert run("score", source, target) == 4
    with open_claimed(held):
        before = {path: path.read_bytes() for path in source.parent.iterdir()}
        capsys.readouterr()
        told = say("score", source, target, mode, code=2).err
        assert f"error: {held}: another job is writing it" in told
        # Of its own file, a job may have made no more than the beginning.
        assert held.read_bytes() == before[held]
    held.unlink()
    assert run("score", source, target, "--force") == 4


def test_of_two_jobs_that_start_at_once_one_gives_way(
    run: Run, address: str, source: Path, tmp_path: Path
) -> None:
    pipe, target = tmp_path / "pipe.csv", tmp_path / "prices.csv"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "clients.python", "score", "--target", address, "--resume"]
    with subprocess.Popen(
        [*command, str(pipe), str(target)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as late:
        # Is opened when the job has seen that there is no output.
        with pipe.open("w") as rows:
            assert run("score", source, target) == 4
            done = target.read_bytes()
            rows.write("RM\n7\n")
        assert late.stderr
        assert "was written by another job meanwhile" in late.stderr.read()
        assert late.wait(SECONDS) == 2
    assert target.read_bytes() == done


def test_files_of_a_job_that_may_go_on_are_not_to_be_written_over(
    run: Run, source: Path, say: Say
) -> None:
    target = source.with_name("prices.csv")
    assert run("score", source, target) == 4
    told = say("score", source, target, code=1).err
    assert f"{target} exists; go on with it by --resume, or" in told
    target.unlink()
    told = say("score", source, target, code=1).err
    assert "exists; go on with its job by --resume, write over it" in told
    assert run("score", source, target, "--resume") == 4
