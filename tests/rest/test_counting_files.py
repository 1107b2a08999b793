"""What several processes of the proxy count has its room on the disk before they start."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import mmap_dict

from housing_grpc.base.errors import StartError
from housing_grpc.rest import counting_files
from tests.admin.small_disk import mounted

# Its functions have no types.
MmapedDict: Any = mmap_dict.MmapedDict
# More than a proxy has to count: some 900 KB.
MANY = [f'["{number:0200}"]' for number in range(4_000)]


def test_a_disk_that_others_fill_ends_no_process(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "16m") as disk:
        folder = Path(counting_files.make(2, [str(disk.folder)]))
        disk.fill()
        for file in folder.iterdir():
            values = MmapedDict(str(file))
            for name in MANY if "gauge" not in file.name else MANY[:20]:
                values.write_value(name, 1.0, 0.0)
            values.close()
            assert len(list(MmapedDict.read_all_values_from_file(str(file)))) >= 20


def test_a_full_disk_is_passed_over_or_named(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "4m") as disk:
        with pytest.raises(StartError, match=r"^2 processes count in files, .*: No space left"):
            counting_files.make(2, [str(tmp_path / "none"), str(disk.folder)])
        assert list(disk.folder.iterdir()) == []
        folder = counting_files.make(2, [str(disk.folder), str(tmp_path)])
        assert Path(folder).parent == tmp_path


def test_gauges_of_a_process_that_ended_are_forgotten_and_keep_their_room(tmp_path: Path) -> None:
    folder = counting_files.make(2, [str(tmp_path)])
    for file in Path(folder).iterdir():
        values = MmapedDict(str(file))
        values.write_value("n", 1.0, 0.0)
        values.close()
    counting_files.forget_gauges(1, folder)
    for file in Path(folder).iterdir():
        kept = list(MmapedDict.read_all_values_from_file(str(file)))
        assert len(kept) == (0 if file.name.startswith("gauge") and "_1." in file.name else 1)
        assert file.stat().st_size >= 1 << 14
    counting_files.forget_gauges(1, str(tmp_path / "gone"))


def test_the_folder_of_a_proxy_that_was_killed_is_removed(tmp_path: Path) -> None:
    code = (
        "import sys; from housing_grpc.rest import counting_files as c;"
        f" print(c.make(1, [{str(tmp_path)!r}]), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        used = Path(other.stdout.readline().strip())
        strange = tmp_path / "housing-rest-link"
        strange.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
        (tmp_path / "elsewhere").mkdir()
        for each in (used, tmp_path / "elsewhere"):
            os.utime(each, (0, 0))
        os.utime(strange, (0, 0), follow_symlinks=False)
        counting_files.make(1, [str(tmp_path)])
        assert used.is_dir()
        other.kill()
    young = counting_files.make(1, [str(tmp_path)])
    assert not used.exists()
    counting_files.make(1, [str(tmp_path)])
    assert Path(young).is_dir()
    assert (tmp_path / "elsewhere").is_dir()


def test_a_folder_that_another_proxy_is_making_is_left(tmp_path: Path) -> None:
    young = tmp_path / "housing-rest-young"
    young.mkdir()
    counting_files.make(1, [str(tmp_path)])
    assert young.is_dir()
