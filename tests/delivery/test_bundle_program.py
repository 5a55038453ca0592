"""The program that makes the bundles: content alone decides the bytes, and it says what is out of date."""

from __future__ import annotations

import os
import stat
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.terraform import bundle

NAMES = st.text("abcdef/._-é", min_size=1, max_size=20).filter(lambda name: "//" not in name)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project with two functions, one of which has pins of its own, and things that stay at home."""
    for name, content in {
        "functions/one/main.py": "one",
        "functions/two/main.py": "two",
        "functions/unfinished/notes.txt": "",
        "functions/local.py": "",
        "shared/config.py": "settings",
        "shared/data/chains.json": "[]",
        "shared/data/README.md": "how it was made",
        "shared/chain/contracts/scanner.hex": "6000",
        "shared/chain/contracts/scanner.yul": "object",
        "shared/terminal/view.py": "for laptops",
        "shared/__pycache__/config.cpython-311.pyc": "compiled",
        "shared/.DS_Store": "of a desktop",
        "shared/requirements.in": "httpx",
        "shared/requirements.txt": "httpx==1",
        "shared/requirements-two.txt": "pyarrow==1",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path


def test_a_bundle_is_main_shared_and_the_pins(project: Path) -> None:
    assert bundle.bundle_files("one", project) == {
        "main.py": b"one",
        "requirements.txt": b"httpx==1",
        "shared/chain/contracts/scanner.hex": b"6000",
        "shared/config.py": b"settings",
        "shared/data/chains.json": b"[]",
    }


def test_a_function_with_pins_of_its_own_is_deployed_with_them(project: Path) -> None:
    assert bundle.bundle_files("two", project)["requirements.txt"] == b"pyarrow==1"


def test_what_is_deployed_is_every_folder_with_a_main(project: Path) -> None:
    assert bundle.function_names(project) == ["one", "two"]


def test_stamps_and_modes_of_the_files_do_not_show(project: Path) -> None:
    before = bundle.pack(bundle.bundle_files("one", project))
    for path in project.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    assert bundle.pack(bundle.bundle_files("one", project)) == before


def test_every_member_has_the_same_stamp_mode_and_system() -> None:
    with zipfile.ZipFile(BytesIO(bundle.pack({"main.py": b"x", "shared/a.py": b"y"}))) as packed:
        seen = {(m.date_time, m.external_attr >> 16, m.create_system) for m in packed.infolist()}

    assert seen == {((1980, 1, 1, 0, 0, 0), 0o100644, 3)}


@given(st.dictionaries(NAMES, st.binary(max_size=300)))
def test_what_is_packed_comes_out_again(files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(BytesIO(bundle.pack(files))) as packed:
        assert {name: packed.read(name) for name in packed.namelist()} == files


@given(*[st.dictionaries(NAMES, st.binary(max_size=9), max_size=3)] * 2)
def test_digests_are_equal_only_of_equal_contents(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    one, other = dict(sorted(one.items())), dict(sorted(other.items()))

    assert (bundle.content_digest(one) == bundle.content_digest(other)) == (one == other)


def test_the_program_writes_the_same_bytes_again_and_tells_their_digests(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = [bundle.main(["--only", "pnl", "--output", str(tmp_path / name)]) for name in ("one", "other")]
    first, second = ((tmp_path / name / "pnl.zip").read_bytes() for name in ("one", "other"))
    lines = capsys.readouterr().out.splitlines()

    assert codes == [0, 0]
    assert first == second
    assert lines[0] == lines[1]
    assert lines[0].startswith(f"pnl             {len(first):>9,} bytes   sha256 ")
    digest = (tmp_path / "one" / "pnl.sha256").read_text()
    assert digest == bundle.content_digest(bundle.bundle_files("pnl")) + "\n"


def test_a_check_names_the_bundles_that_are_not_of_the_sources(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--output", str(tmp_path)]
    bundle.main(["--only", "pnl", "trades", "wallets", *where])
    (tmp_path / "trades.zip").write_bytes(bundle.pack({"main.py": b"older"}))
    (tmp_path / "wallets.zip").write_bytes(b"cut off")
    capsys.readouterr()

    assert bundle.main(["--check", "--only", "pnl", *where]) == 0
    assert bundle.main(["--check", "--only", "pnl", "trades", "wallets", "history", *where]) == 1
    assert [line.split(".zip")[0].rsplit("/")[-1] for line in capsys.readouterr().err.splitlines()] == [
        "history",
        "trades",
        "wallets",
    ]


def test_a_name_that_is_no_function_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        bundle.main(["--only", "nonsense"])

    assert "no function is called nonsense" in capsys.readouterr().err


@pytest.mark.parametrize("name", bundle.function_names())
def test_a_bundle_is_below_one_megabyte(name: str) -> None:
    assert len(bundle.pack(bundle.bundle_files(name))) < 1_000_000
