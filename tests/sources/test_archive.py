"""Archives on this machine; those behind a web server are in tests/integration."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from blake3 import blake3

from reenact.errors import SourceError
from reenact.sources import Fetched, fetch, parse_uri
from reenact.sources.unpack import Limits, unpack
from reenact.world import World


def fetch_at(uri: str | Path, code: Path, world: World) -> Fetched:
    return fetch(parse_uri(str(uri)), code, world)


def make_tar(path: Path, *members: tarfile.TarInfo, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for member in members:
            archive.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def member(
    name: str, kind: bytes = tarfile.REGTYPE, *, size: int = 1, mode: int = 0o644, link: str = ""
) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.mode, info.linkname = kind, size if kind == tarfile.REGTYPE else 0, mode, link
    return info


def make_zip(path: Path, *members: tuple[str, str, int]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, mode in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return path


FILE, LINK = stat.S_IFREG | 0o644, stat.S_IFLNK | 0o777


def test_modes_links_and_digest_are_kept(tmp_path: Path, code: Path, world: World) -> None:
    path = make_zip(
        tmp_path / "a.zip",
        ("train.py", "x", FILE),
        ("run.sh", "x", stat.S_IFREG | 0o755),
        ("deep/er/link", "../../train.py", LINK),
        ("plain", "x", 0),
    )
    snapshot, root, _ = fetch_at(path, code, world)
    assert snapshot.archive == blake3(path.read_bytes()).hexdigest()
    assert os.access(root / "run.sh", os.X_OK)
    assert not os.access(root / "train.py", os.X_OK)
    assert (root / "deep/er/link").readlink() == Path("../../train.py")
    assert (root / "deep/er/link").read_text() == "x"


def test_a_tar_keeps_them_too(tmp_path: Path, code: Path, world: World) -> None:
    path = make_tar(
        tmp_path / "a.tar.gz",
        member("./", tarfile.DIRTYPE),
        member("./train.py"),
        member("./run.sh", mode=0o4755),
        member("./hard", tarfile.LNKTYPE, link="./run.sh"),
        member("./soft", tarfile.SYMTYPE, link="run.sh"),
    )
    root = fetch_at(path, code, world).root
    assert stat.S_IMODE((root / "run.sh").stat().st_mode) == 0o755
    assert (root / "hard").read_bytes() == b"x"
    assert os.access(root / "hard", os.X_OK)
    assert (root / "soft").is_symlink()


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".TGZ", ".tar.bz2", ".tar.xz"])
def test_every_compression(suffix: str, tmp_path: Path, code: Path, world: World) -> None:
    mode = {".tar": "w", ".bz2": "w:bz2", ".xz": "w:xz"}.get(Path(suffix).suffix or suffix, "w:gz")
    assert fetch_at(make_tar(tmp_path / f"a{suffix}", member("train.py"), mode=mode), code, world).root == code


def test_the_format_is_told_by_the_content(tmp_path: Path, code: Path, world: World) -> None:
    path = make_zip(tmp_path / "really-a-zip.tar.gz", ("train.py", "x", FILE))
    assert (fetch_at(path, code, world).root / "train.py").is_file()


def test_one_folder_is_entered_unless_the_fragment_says_otherwise(tmp_path: Path, world: World) -> None:
    path = make_zip(
        tmp_path / "a.zip", ("top-1.0/train.py", "x", FILE), ("top-1.0/sub/x", "x", FILE), ("__MACOSX/._x", "x", FILE)
    )
    inside = [
        fetch(parse_uri(f"{path}{fragment}"), tmp_path / str(number), world).snapshot.subdirectory
        for number, fragment in enumerate(["", "#sub", "#top-1.0", "#top-1.0/sub"])
    ]
    assert inside == ["top-1.0", "top-1.0/sub", "top-1.0", "top-1.0/sub"]


HOSTILE = {
    "absolute": [member("/tmp/evil")],
    "above": [member("../evil")],
    "above inside": [member("a/../../evil")],
    "link above": [member("a", tarfile.SYMTYPE, link="../evil")],
    "absolute link": [member("a", tarfile.SYMTYPE, link="/etc")],
    "write through a link": [member("a", tarfile.SYMTYPE, link="b"), member("a/evil")],
    "links that add up": [
        member("a/b/c/up", tarfile.SYMTYPE, link="../../.."),
        member("a/b/c/evil", tarfile.SYMTYPE, link="up/../evil"),
    ],
    "hard link above": [member("a", tarfile.LNKTYPE, link="../../../../etc/passwd")],
    "hard link to nothing": [member("a", tarfile.LNKTYPE, link="b")],
    "hard link through a link": [
        member("a", tarfile.SYMTYPE, link="/etc"),
        member("h", tarfile.LNKTYPE, link="a/passwd"),
    ],
    "device": [member("a", tarfile.CHRTYPE)],
    "pipe": [member("a", tarfile.FIFOTYPE)],
    "file over folder": [member("a/b"), member("a")],
    "no name": [member(".")],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_tar_is_refused(name: str, tmp_path: Path, code: Path, world: World) -> None:
    path = make_tar(tmp_path / "evil.tar.gz", *HOSTILE[name])
    with pytest.raises(SourceError, match=r"refused|not a sound archive"):
        fetch_at(path, code, world)
    assert not [found for found in tmp_path.rglob("evil") if code not in found.parents]
    assert not list(code.rglob("passwd"))


@pytest.mark.parametrize(
    "members",
    [
        [("../evil", "x", FILE)],
        [("/evil", "x", FILE)],
        [("a/../../evil", "x", FILE)],
        [("a", "../../evil", LINK)],
        [("a", "/etc", LINK), ("a/evil", "x", FILE)],
        [("a", "x", stat.S_IFIFO)],
    ],
)
def test_a_hostile_zip_is_refused(
    members: list[tuple[str, str, int]], tmp_path: Path, code: Path, world: World
) -> None:
    path = make_zip(tmp_path / "bad.zip", *members)
    with pytest.raises(SourceError, match="refused"):
        fetch_at(path, code, world)
    assert not [found for found in tmp_path.rglob("evil") if code not in found.parents]


def test_size_and_number_are_bounded(tmp_path: Path) -> None:
    bomb = make_zip(tmp_path / "bomb.zip", ("zeros", "0" * 5_000_000, FILE))
    with pytest.raises(SourceError, match="more than 1000 bytes"):
        unpack(bomb, tmp_path / "1", Limits(size=1000))
    assert sum(path.stat().st_size for path in (tmp_path / "1").iterdir()) < 3_000_000
    many = make_zip(tmp_path / "many.zip", *((str(number), "x", FILE) for number in range(20)))
    with pytest.raises(SourceError, match="more than 10 members"):
        unpack(many, tmp_path / "2", Limits(members=10))
    unpack(many, tmp_path / "3", Limits(size=20, members=20))


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"PK\x03\x04rubbish", b"\x1f\x8brubbish"])
@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_what_is_no_archive_is_told_so(content: bytes, suffix: str, tmp_path: Path, code: Path, world: World) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(SourceError, match="not a sound archive") as caught:
        fetch_at(path, code, world)
    assert path.name in caught.value.message


def test_a_cut_archive_is_told_so(tmp_path: Path, world: World) -> None:
    whole = make_tar(tmp_path / "whole.tar.gz", *(member(str(n), size=5000) for n in range(20))).read_bytes()
    for number, length in enumerate((len(whole) - 9, len(whole) // 2, 30)):
        cut = tmp_path / f"cut{number}.tar.gz"
        cut.write_bytes(whole[:length])
        with pytest.raises(SourceError, match="not a sound archive"):
            fetch_at(cut, tmp_path / f"code{number}", world)


def test_a_directory_named_like_an_archive_is_a_directory(tmp_path: Path, code: Path, world: World) -> None:
    (tmp_path / "dir.zip").mkdir()
    assert fetch_at(tmp_path / "dir.zip", code, world).snapshot.kind == "directory"


def test_a_version_is_refused(tmp_path: Path, code: Path, world: World) -> None:
    path = make_zip(tmp_path / "a.zip", ("train.py", "x", FILE))
    with pytest.raises(SourceError, match="Setting a version is only supported"):
        fetch(parse_uri(str(path), "main"), code, world)
