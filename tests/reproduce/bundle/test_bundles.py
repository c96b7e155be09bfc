"""Runs of this process's own home, exported and imported: what others read of them, and what is refused."""

from __future__ import annotations

import json
import os
import shutil
from base64 import b64decode
from pathlib import Path

import pytest

from reenact.codec import encode
from reenact.environments.artifacts import find_artifact
from reenact.errors import RecordError, StorageError, UsageError
from reenact.home import Home
from reenact.report import Memory
from reenact.reproduce.bundle.contents import Wanted
from reenact.reproduce.bundle.exporting import export
from reenact.reproduce.bundle.importing import Terms, import_bundle
from reenact.reproduce.bundle.manifest import CRATE, Manifest, sort_entries
from reenact.reproduce.bundle.signature import open_statement, seal_statement
from reenact.reproduce.bundle.statement import STATEMENT
from reenact.reproduce.bundle.writing import Member, Sealed, write_bundle
from reenact.run_folder import RunFolder
from reenact.world import World
from tests.reproduce.bundle.made import expect_nothing, read, rewrite, write_run
from tests.reproduce.bundle.test_signature import write_keys


def test_it_is_a_crate_that_others_load(bundle: Path, tmp_path: Path, folder: RunFolder) -> None:
    from rocrate.rocrate import ROCrate  # type: ignore[import-untyped]

    sealed, provenance = read(bundle)
    for entry in sealed.manifest.members:
        content = sealed.contents[entry.name]
        (tmp_path / "crate" / entry.name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "crate" / entry.name).write_bytes(content if isinstance(content, bytes) else b"")
    (tmp_path / "crate" / "provenance.intoto.jsonl").write_bytes(provenance)
    (tmp_path / "crate" / "manifest.json").write_bytes(encode(sealed.manifest))
    crate = ROCrate(tmp_path / "crate")
    assert crate.mainEntity.id == "code/MLproject"
    assert crate.mainEntity["programmingLanguage"].type == "ComputerLanguage"
    assert [each["name"] for each in crate.mainEntity["input"]] == ["word", "unused"]
    assert crate.root_dataset["license"].id == "code/LICENSE"
    action = crate.root_dataset["mentions"]
    assert (action.id, action.type) == (f"#{folder.id}", "CreateAction")
    assert action["instrument"].type == ["File", "SoftwareSourceCode", "ComputationalWorkflow"]
    assert action["agent"].type == "Person"
    assert action["actionStatus"] == "http://schema.org/CompletedActionStatus"
    assert {each["name"] for each in action["object"]} >= {"word", "unused", "train.txt"}
    assert action["result"].id == "artifacts/copy.txt"
    assert action["startTime"] < action["endTime"]
    parts = {each.id for each in crate.root_dataset["hasPart"]}
    assert {"manifest.json", "record/plan.json", "artifacts/copy.txt", "code/"} <= parts
    dangling = [each for each in json.loads(_text(sealed, CRATE))["@graph"] if len(each) == 1]
    assert dangling == []


def _text(sealed: Sealed, name: str) -> str:
    content = sealed.contents[name]
    assert isinstance(content, bytes)
    return content.decode()


def test_its_provenance_is_an_in_toto_statement(bundle: Path, folder: RunFolder) -> None:
    sealed, provenance = read(bundle)
    statement, signers = open_statement(provenance)
    assert signers == ()
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    assert statement["subject"][0] == {"name": "manifest.json", "digest": {"sha256": sealed.digest}}
    assert [each["name"] for each in statement["subject"][1:]] == ["artifacts/copy.txt"]
    definition = statement["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["parameters"]["word"] == "hello"
    assert {each["name"] for each in definition["resolvedDependencies"]} == {"code", "train.txt"}
    assert statement["predicate"]["runDetails"]["metadata"]["invocationId"] == folder.id
    assert "signatures" in json.loads(provenance)
    assert b64decode(json.loads(provenance)["payload"])


def test_a_signature_covers_everything(folder: RunFolder, world: World, other: World, tmp_path: Path) -> None:
    private, public = write_keys(tmp_path, "mine")
    target = tmp_path / "signed.tar.zst"
    write_run(folder, world, target, private)
    _, provenance = read(target)

    def spoil(members: dict[str, Member]) -> None:
        members["code/train.txt"] = Member("code/train.txt", b"wordz\n")

    received = import_bundle(target, Terms(key=public), other)
    assert received.key is not None
    shutil.rmtree(other.home.root)
    rewrite(target, spoil)
    with pytest.raises(RecordError, match="not signed"):
        import_bundle(target, Terms(key=public), other)
    sealed, _ = read(target)
    write_bundle(sealed, provenance, target, world)
    with pytest.raises(RecordError, match="something else"):
        import_bundle(target, Terms(key=public), other)
    with pytest.raises(RecordError, match="something else"):
        import_bundle(target, Terms(), other)
    expect_nothing(other)


def test_what_is_imported_says_so(bundle: Path, folder: RunFolder, other: World) -> None:
    from reenact.records.files import read_imported, read_record
    from reenact.records.lookup import get_run

    received = import_bundle(bundle, Terms(), other)
    assert (received.run, received.known) == (folder.id, False)
    there = get_run(folder.id[:8], other)
    assert read_record(there).plan == read_record(folder).plan
    imported = read_imported(there)
    assert imported is not None
    assert imported.file == str(bundle)
    assert read_imported(folder) is None
    assert import_bundle(bundle, Terms(), other).known


def test_it_is_listed_and_shown_as_imported(
    bundle: Path, folder: RunFolder, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    from reenact.cli import main

    shutil.rmtree(home.root)
    assert main(["import", str(bundle)]) == 0
    assert capsys.readouterr().out == f"{folder.id}\n"
    assert main(["ls"]) == 0
    assert "small (imported)" in capsys.readouterr().out
    assert main(["show", folder.id]) == 0
    assert f"from {bundle}" in capsys.readouterr().out
    assert main(["show", folder.id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["imported"]["file"] == str(bundle)


def test_the_command_line_says_what_it_wrote(
    folder: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from reenact.cli import main

    monkeypatch.chdir(tmp_path)
    assert main(["export", folder.id[:8], "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    target = tmp_path / f"run-{folder.id[:8]}.tar.zst"
    assert (said["run"], said["file"], said["size"]) == (folder.id, str(target), target.stat().st_size)
    assert said["manifest"] == read(target)[0].digest
    for words in (["import", "none"], ["import", str(target), "--max-size", "much"]):
        assert main(words) == 2


def test_the_system_has_no_packages_to_go_along(folder: RunFolder, world: World, tmp_path: Path) -> None:
    export(folder, Wanted(packages=True), tmp_path / "x", None, world)
    assert isinstance(world.report, Memory)
    assert [text for kind, text in world.report.told if kind == "warn" and "no packages" in text]


def test_a_credential_does_not_leave(folder: RunFolder, world: World, tmp_path: Path) -> None:
    secret = "hf_AbC/dEf+12345"
    artifact = folder.artifacts / "note.json"
    artifact.write_text(json.dumps({"token": secret}).replace("/", "\\/"))
    knowing = world._replace(environ={**world.environ, "HF_TOKEN": secret})
    with pytest.raises(RecordError, match=r"artifacts/note\.json") as refused:
        write_run(folder, knowing, tmp_path / "x")
    assert secret not in refused.value.message
    assert not (tmp_path / "x").exists()
    artifact.unlink()
    write_run(folder, knowing, tmp_path / "x")


def test_files_that_no_record_names_are_collected(bundle: Path, world: World) -> None:
    from reenact.environments.artifacts import keep_artifact
    from reenact.environments.collect import Limits
    from reenact.environments.sweep import find_leftovers, sweep

    file = world.cwd / "x.whl"
    file.write_bytes(b"x")
    kept = keep_artifact(file, "x.whl", "0" * 64, world.home).parent
    assert find_leftovers(Limits(), world).artifacts == ()
    os.utime(kept, (0, 0))
    leftovers = find_leftovers(Limits(), world)
    assert leftovers.artifacts == (kept,)
    sweep(leftovers, world)
    assert not kept.exists()


def test_the_run_itself_is_known_where_it_ran(bundle: Path, folder: RunFolder, world: World) -> None:
    assert import_bundle(bundle, Terms(), world).known
    assert not folder.imported.exists()


def test_another_record_of_a_run_is_not_replaced(bundle: Path, folder: RunFolder, other: World) -> None:
    import_bundle(bundle, Terms(), other)

    def change(members: dict[str, Member]) -> None:
        members["record/log"] = Member("record/log", b"")

    rewrite(bundle, change)
    with pytest.raises(RecordError, match="another record"):
        import_bundle(bundle, Terms(), other)
    assert (RunFolder(other.home.runs / folder.id).log).read_bytes() == folder.log.read_bytes()


def test_a_run_under_way_is_not_exported(world: World, tmp_path: Path) -> None:
    from tests.recorded import start

    folder, alive = start(world)
    try:
        with pytest.raises(RecordError, match="running"):
            write_run(folder, world, tmp_path / "x")
    finally:
        os.close(alive)
    assert not (tmp_path / "x").exists()


def test_what_cannot_be_written_to_is_told_first(folder: RunFolder, world: World, tmp_path: Path) -> None:
    for target in (tmp_path, tmp_path / "none" / "x"):
        with pytest.raises(UsageError, match="no place"):
            write_run(folder, world, target)
    with pytest.raises(UsageError, match="cannot read the key"):
        write_run(folder, world, tmp_path / "x", tmp_path / "nokey")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("code/train.txt", b"other\n", "tree"),
        ("code/more.txt", b"more\n", "tree"),
        ("code/train.txt", None, "tree"),
        ("record/code.json", None, "tree"),
        ("record/code.json", b"{}", "damaged"),
        ("record/plan.json", None, "no run"),
        ("record/plan.json", b"{", "damaged"),
        ("record/result.json", None, "had not ended"),
        ("record/environment.json", b"[]", "damaged"),
        ("record/outputs.json", b"7", "damaged"),
        ("record/inputs.json", b'[{"path": "a/\\u0000", "size": 1, "digest": null, "origin": "x"}]', "no path"),
        ("artifacts/copy.txt", b"other", "digest"),
        ("packages/made.json", b"7", "damaged"),
        ("packages/made.json", encode({"x": "0" * 64}), "does not have"),
        ("packages/made.json", encode({"x": "../../.."}), "does not have"),
        (f"packages/trees/{'0' * 64}/setup.py", b"evil()", "digest"),
    ],
)
def test_parts_that_do_not_fit_each_other_are_refused(
    name: str, content: bytes | None, says: str, bundle: Path, other: World
) -> None:
    def change(members: dict[str, Member]) -> None:
        members.pop(name, None)
        if content is not None:
            members[name] = Member(name, content)

    rewrite(bundle, change)
    with pytest.raises(RecordError, match=says):
        import_bundle(bundle, Terms(), other)
    expect_nothing(other)


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("record/code.json", "prefix", "../../.."),
        ("record/code.json", "prefix", "/etc"),
        ("record/code.json", "folders", ["../../../evil"]),
        ("record/code.json", "left_out", [{"path": "../../x", "why": "large", "size": 1, "digest": "0" * 64}]),
        ("record/code.json", "nested", [{"path": "/x"}]),
        ("record/code.json", "committed", [{"path": "../x", "mode": "100644", "oid": "0" * 40}]),
        ("record/outputs.json", None, [{"path": "x", "size": 1, "digest": None, "kept": "../../../../etc/passwd"}]),
        ("record/outputs.json", None, [{"path": "x", "size": 1, "digest": None, "kept": "outputs/\0"}]),
    ],
)
def test_a_path_in_the_record_that_leads_elsewhere_is_refused(
    name: str, field: str | None, value: object, bundle: Path, other: World
) -> None:
    def change(members: dict[str, Member]) -> None:
        content = members[name].content
        plain = json.loads(content if isinstance(content, bytes) else b"")
        members[name] = Member(name, json.dumps(value if field is None else {**plain, field: value}).encode())

    rewrite(bundle, change)
    with pytest.raises(RecordError, match="leads elsewhere"):
        import_bundle(bundle, Terms(), other)
    expect_nothing(other)


@pytest.mark.parametrize("digest", ["../../../../private", "..", "0" * 64, "x\0y"])
def test_an_input_that_is_not_in_the_bundle_is_not_looked_for(digest: str, bundle: Path, other: World) -> None:
    private = other.cwd / "private"
    private.write_text("mine")

    def change(members: dict[str, Member]) -> None:
        inputs = [{"path": "train.txt", "size": 4, "digest": digest, "origin": "x"}]
        members["record/inputs.json"] = Member("record/inputs.json", json.dumps(inputs).encode())

    rewrite(bundle, change)
    received = import_bundle(bundle, Terms(), other)
    assert private.read_text() == "mine"
    folder = RunFolder(other.home.runs / received.run)
    assert not folder.kept_inputs.exists()
    from reenact.records.files import find_kept_input

    assert find_kept_input(folder, digest) is None


@pytest.mark.parametrize("path", ["a/..", "..", "a/b.csv"])
def test_an_input_has_a_name_inside_its_folder(path: str, bundle: Path, other: World) -> None:
    from blake3 import blake3

    digest = blake3(b"data").hexdigest()

    def change(members: dict[str, Member]) -> None:
        inputs = [{"path": path, "size": 4, "digest": digest, "origin": "x"}]
        members["record/inputs.json"] = Member("record/inputs.json", json.dumps(inputs).encode())
        members[f"inputs/{digest}"] = Member(f"inputs/{digest}", b"data")

    rewrite(bundle, change)
    received = import_bundle(bundle, Terms(), other)
    (kept,) = (RunFolder(other.home.runs / received.run).kept_inputs / digest).iterdir()
    assert kept.read_bytes() == b"data"
    assert kept.name == ("b.csv" if path == "a/b.csv" else digest)


def test_another_mode_is_another_tree(bundle: Path, other: World) -> None:
    def change(members: dict[str, Member]) -> None:
        members["code/train.txt"] = members["code/train.txt"]._replace(mode="100755")

    rewrite(bundle, change)
    with pytest.raises(RecordError, match="tree"):
        import_bundle(bundle, Terms(), other)


def test_a_link_that_leads_out_needs_a_word(bundle: Path, other: World, tmp_path: Path) -> None:
    def change(members: dict[str, Member]) -> None:
        members["artifacts/etc"] = Member("artifacts/etc", b"/etc", "120000")

    rewrite(bundle, change)
    with pytest.raises(RecordError, match="leads out") as refused:
        import_bundle(bundle, Terms(), other)
    assert refused.value.hint is not None
    expect_nothing(other)
    import_bundle(bundle, Terms(links=True), other)


def test_what_unpacks_to_too_much_is_refused_at_once(bundle: Path, other: World) -> None:
    size = read(bundle)[0].manifest.size
    with pytest.raises(RecordError, match="unpacks to"):
        import_bundle(bundle, Terms(most=size - 1), other)
    expect_nothing(other)
    assert not import_bundle(bundle, Terms(most=size), other).known


def test_what_the_disk_has_no_room_for_is_refused_at_once(bundle: Path, other: World) -> None:
    sealed, _ = read(bundle)
    big = sealed.manifest.members[0]._replace(name="artifacts/big", size=1 << 60)
    manifest: Manifest = sealed.manifest._replace(members=sort_entries((*sealed.manifest.members, big)))
    forged = Sealed(manifest, {**sealed.contents, "artifacts/big": b""})
    subject = {"name": "manifest.json", "digest": {"sha256": forged.digest}}
    statement = json.dumps({"_type": STATEMENT, "subject": [subject]}).encode()
    with pytest.raises(RecordError, match="changed"):
        write_bundle(forged, seal_statement(statement, None), bundle, other)
    assert read(bundle)[0].manifest == sealed.manifest
    from tests.reproduce.bundle.test_reading import forge_head

    bundle.write_bytes(forge_head([big], run=manifest.run))
    with pytest.raises(StorageError, match="unpacks to"):
        import_bundle(bundle, Terms(most=1 << 62), other)
    expect_nothing(other)


def test_a_package_that_is_not_its_name_is_refused(bundle: Path, other: World) -> None:
    def change(members: dict[str, Member]) -> None:
        name = f"packages/{'1' * 64}/six-1.0-py3-none-any.whl"
        members[name] = Member(name, b"evil")

    with pytest.raises(RecordError, match="no package"):
        rewrite(bundle, change)


def test_a_package_under_another_name_serves_nobody(bundle: Path, other: World) -> None:
    """The same content may come under a name that is not its own: whoever looks for its own does not find that."""
    from hashlib import sha256

    from reenact.environments.python.lock_files import take_kept

    digest = sha256(b"six").hexdigest()

    def change(members: dict[str, Member]) -> None:
        name = f"packages/{digest}/evil-9-py3-none-any.whl"
        members[name] = Member(name, b"six")

    rewrite(bundle, change)
    import_bundle(bundle, Terms(), other)
    wheel = f'{{url = "https://x/six-1.0-py3-none-any.whl", hashes = {{sha256 = "{digest}"}}}}'
    lock = f'[[packages]]\nname = "six"\nwheels = [{wheel}]\n'
    assert take_kept(lock, {}, other.home) == lock
    (other.cwd / "six").write_bytes(b"six")
    from reenact.environments.artifacts import keep_artifact

    keep_artifact(other.cwd / "six", "six-1.0-py3-none-any.whl", digest, other.home)
    assert "six-1.0-py3-none-any.whl" in take_kept(lock, {}, other.home)
    assert "evil" not in take_kept(lock, {}, other.home)


def test_a_made_wheel_serves_its_own_run_only(bundle: Path, other: World) -> None:
    """What a bundle says of its own wheels is believed where that run is repeated, and nowhere else."""
    from hashlib import sha256

    digest = sha256(b"evil").hexdigest()

    def change(members: dict[str, Member]) -> None:
        name = f"packages/{digest}/popular-1.0-py3-none-any.whl"
        members[name] = Member(name, b"evil")
        members["packages/made.json"] = Member("packages/made.json", encode({"sha256:abc#": digest}))

    rewrite(bundle, change)
    received = import_bundle(bundle, Terms(), other)
    assert find_artifact(digest, other.home) is not None
    from reenact.environments.python.lock_files import take_kept
    from reenact.records.files import read_imported

    lock = '[[packages]]\nname = "popular"\nsdist = {url = "https://x/popular.tar.gz", hashes = {sha256 = "abc"}}\n'
    assert take_kept(lock, {}, other.home) == lock
    imported = read_imported(RunFolder(other.home.runs / received.run))
    assert imported is not None
    assert digest in take_kept(lock, imported.made, other.home)
