"""What is decided without an engine."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.environments.docker.arguments import (
    close_arguments,
    find_argument,
    list_shown,
    list_targets,
    parse_arguments,
    read_arguments,
    render_arguments,
)
from reenact.environments.docker.dockerfile import find_bases, pin_bases
from reenact.environments.docker.engine import Engine
from reenact.environments.docker.ignore import is_ignored, parse_ignore
from reenact.environments.docker.mounts import (
    Mount,
    close_volume,
    expand_volume,
    find_target,
    find_visible,
    make_sources,
    render_mount,
)
from reenact.environments.docker.variables import (
    find_store_folder,
    fits_in_file,
    hand_variables,
    is_loopback,
    make_reach,
    with_host,
)
from reenact.errors import UsageError
from reenact.process.handed import HANDED

HERE = Engine("docker", "/usr/bin/docker", "/run/docker.sock")


def test_arguments_are_words() -> None:
    found = parse_arguments(["gpus=all", "privileged", "e=A=b c", "--memory=1g", "init=false", "cgroupns=", "h="])
    expected = ("--gpus=all", "--privileged", "-e=A=b c", "--memory=1g", "--init=false", "--cgroupns=", "-h", "")
    assert render_arguments(found) == expected
    given = {"t": True, "init": False, "privileged": False, "detach": False, "cpus": 1, "i": None}
    assert render_arguments(read_arguments(given)) == ("-t", "--init=false", "--cpus=1", "-i")
    assert find_argument(parse_arguments(["u=5"]), "user") == "5"
    assert parse_arguments(["detach=false"]) == (("detach", "false"),)
    for wrong in (["=x"], ["a b"], ["a=1", "a=2"], ["detach"], ["-d"], ["d=1"], ["--"]):
        with pytest.raises(UsageError):
            parse_arguments(wrong)


@given(st.text(min_size=1).filter(lambda text: "\0" not in text and "\r" not in text))
def test_any_path_can_be_mounted(path: str) -> None:
    option, value = render_mount(Mount(f"/a/{path}", "/b"))
    assert option == "--mount"
    assert next(csv.reader([value], strict=True)) == ["type=bind", f"source=/a/{path}", "target=/b"] or "\n" in path


def test_volumes_are_expanded_without_a_shell(tmp_path: Path) -> None:
    caller = {"X": "/x y;touch z", "HOME": "/home/me"}
    assert expand_volume("$PWD/data:/d", tmp_path, caller) == f"{tmp_path}/data:/d"
    assert expand_volume("${X}/a:/d:ro", tmp_path, caller) == "/x y;touch z/a:/d:ro"
    assert expand_volume("~/a:/d", tmp_path, caller) == "/home/me/a:/d"
    assert expand_volume("./a:/d", tmp_path, caller) == f"{tmp_path}/a:/d"
    for wrong, what in {"$(pwd)/a:/d": "$(pwd)", "c:/`id`": "`id`", "${X:-/a}:/d": "${X:-/a}"}.items():
        with pytest.raises(UsageError, match=re.escape(f"has {what} in it, and no shell reads it")):
            expand_volume(wrong, tmp_path, caller)
    with pytest.raises(UsageError, match=r"\$NONE, which is not set here"):
        expand_volume("$NONE:/d", tmp_path, caller)


def test_where_volumes_are_and_how_they_are_closed() -> None:
    assert [find_target(volume) for volume in ("/d", "/a:/d/", "name:/d:ro", "/a:/x/../d:z")] == ["/d"] * 4
    closed = {"/d": "/d", "/a:/d": "/a:/d:ro", "n:/d:rw": "n:/d:ro", "/a:/d:z,rw": "/a:/d:ro,z", "/a:/d:ro": "/a:/d:ro"}
    assert {volume: close_volume(volume) for volume in closed} == closed
    mount = "type=bind,src=/a,dst=/m"
    given = parse_arguments(["v=/a:/d", f"mount={mount}", "volumes-from=x:rw", "e=A=/a:/d", "init"])
    assert list_targets(given) == ("/d", "/m")
    assert list_shown(given) == ("/a:/d", "/a:/m")
    assert list_shown(parse_arguments(["v=name:/d", "mount=type=tmpfs,target=/m"])) == ()
    options = ("/a:/d:ro", f"{mount},readonly", "x:ro", "A=/a:/d", None)
    assert tuple(value for _, value in close_arguments(given)) == options
    memory = parse_arguments(["mount=type=tmpfs,target=/m"])
    assert close_arguments(memory) == memory


def test_what_is_mounted_is_made_where_it_is_one_for_the_engine(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    rest = ("name:/d", "/d", f"{tmp_path}/file:/f", f"{tmp_path}/with:colon/x:/d")
    make_sources((f"{tmp_path}/a/b:/d:ro", *rest))
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == ["a", "a/b", "file"]


def test_what_is_mounted_for_a_path_is_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    paths = ("/tmp", str(tmp_path), f"{tmp_path}/file", f"{tmp_path}/made/later")
    assert [find_visible(path) for path in paths] == ["/tmp", str(tmp_path), f"{tmp_path}/file", str(tmp_path)]


def test_a_mount_covers_what_is_below_it_at_the_same_place() -> None:
    assert Mount("/a", "/a").covers(Mount("/a/b", "/a/b"))
    assert not Mount("/a", "/x").covers(Mount("/a/b", "/a/b"))
    assert not Mount("/a", "/x").covers(Mount("/a/b", "/x/c"))
    assert not Mount("/a", "/a").covers(Mount("/ab", "/ab"))


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "0.0.0.0", "x.localhost", "LOCALHOST"]
)
def test_loopback(host: str) -> None:
    assert is_loopback(f"http://me:pw@{host}:5000/x")
    assert with_host(f"http://me:pw@{host}:5000/x?q=1", "inner") == "http://me:pw@inner:5000/x?q=1"
    assert not is_loopback(f"http://{host.strip('[]').replace(':', '')}.org")


def test_stores_in_files() -> None:
    assert find_store_folder("/a/mlruns") == find_store_folder("file:///a/mlruns") == "/a/mlruns"
    assert find_store_folder("file:///a%20b") == "/a b"
    assert find_store_folder("sqlite:////a/x.db") == find_store_folder("sqlite+pysqlite:////a/x.db?mode=ro") == "/a"
    for other in ("http://x", "databricks", "", "sqlite:///:memory:", "postgresql://x/y"):
        assert find_store_folder(other) is None


def test_how_a_server_on_loopback_is_reached() -> None:
    tracking = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:5000", "MLFLOW_REGISTRY_URI": "http://far:1"}
    assert make_reach(tracking, HERE, None, publishes=False).network == "host"
    for reach in (
        make_reach(tracking, HERE, "bridge", publishes=False),
        make_reach(tracking, HERE, None, publishes=True),
        make_reach(tracking, HERE._replace(remote=True), None, publishes=False),
    ):
        assert reach.variables == {"MLFLOW_TRACKING_URI": "http://host.docker.internal:5000"}
        assert reach.hosts == ("host.docker.internal:host-gateway",)
        assert reach.network is None
    podman = make_reach(tracking, Engine("podman", "/usr/bin/podman"), "bridge", publishes=False)
    assert podman.variables["MLFLOW_TRACKING_URI"] == "http://host.containers.internal:5000"
    for network in ("host", "none"):
        assert make_reach(tracking, HERE, network, publishes=False).variables == {}


def test_values_are_not_in_the_options_but_for_the_clients_own() -> None:
    caller = {"PATH": "/bin", "HTTPS_PROXY": "http://p", "OTHER": "o"}
    two, proxy = "s\n1", "http://q\n"
    given = {"A": two, "B": "b #'c\" $(d)", "PATH": "/inside", "HTTPS_PROXY": "http://p", "HTTP_PROXY": proxy}
    handed = hand_variables(given, caller)
    assert handed.options == ("--env-file", HANDED, "--env", "A", "--env", f"HTTP_PROXY={proxy}")
    assert handed.environ == {**caller, "A": two}
    assert handed.file == b"B=b #'c\" $(d)\nPATH=/inside\nHTTPS_PROXY=http://p\n"
    assert hand_variables({"A": two}, {}).options == ("--env", "A")


@pytest.mark.parametrize(
    "value", ["a\nb", "a\r", "\ta", "a ", " a", "'a'", '"', "`a", "a\\", "\udcff", "\x85", "\u2028", "x" * 70_000]
)
def test_what_engines_read_in_several_ways_is_in_no_file(value: str) -> None:
    assert not fits_in_file("A", value)
    assert fits_in_file("A", "x")
    assert not fits_in_file(f"#{value}", "x")


@given(st.dictionaries(st.text("AB#= \n"), st.text()))
def test_each_line_of_the_file_is_one_variable(variables: dict[str, str]) -> None:
    handed = hand_variables(variables, {})
    found = dict(line.split("=", 1) for line in handed.file.decode().split("\n")[:-1])
    assert {**variables, **found, **handed.environ} == variables
    assert found.keys() | set(handed.options[1::2]) - {HANDED} == variables.keys()


def test_base_images_are_found_and_pinned() -> None:
    text = (
        "# syntax=x\nARG TAG=3\nARG NONE\nFROM --platform=linux/amd64 python:$TAG AS a\nARG TAG=9\n"
        "from ${OTHER:-alpine} as b\nFROM a\nFROM scratch\nFROM $NONE\nRUN echo FROM x\n"
    )
    assert find_bases(text, {}) == ("python:3", "alpine")
    assert find_bases(text, {"TAG": "4"}) == ("python:4", "alpine")
    pinned = pin_bases(text, {}, {"python:3": "pin", "a": "wrong"})
    assert "FROM --platform=linux/amd64 pin AS a" in pinned
    assert pin_bases(text, {}, {}) == text


def test_instructions_of_several_lines_and_here_documents() -> None:
    text = (
        "ARG A=one B='2' C=$B\nARG EMPTY=\nFROM \\\n  # a comment\n\n  $A:$C$EMPTY \\\n AS a\n"
        'RUN echo "select * \\\nFROM users"\nRUN cat <<EOF <<-"B"\nFROM here\nEOF\nfrom there\n\tB\nFROM two\n'
        "RUN cat <<< EOF\nFROM three${A:+x}\nFROM a\n"
    )
    assert find_bases(text, {}) == ("one:2", "two")
    pinned = pin_bases(text, {}, {"one:2": "pin", "two": "second"})
    lines = text.splitlines()
    expected = [*lines[:2], "FROM   pin  AS a", *lines[7:]]
    assert pinned.splitlines() == [line if line != "FROM two" else "FROM second" for line in expected]
    assert find_bases("# syntax=x\n# escape=`\nFROM `\none\n", {}) == ("one",)
    assert find_bases("FROM one \\", {}) == ()


def test_images_of_which_files_are_taken() -> None:
    text = (
        "FROM one AS Built\nCOPY --link --from=tools:1 --chown=1 /x /x\nCOPY --from=built /a /b\nCOPY --from=0 /a /b\n"
        "ADD --from=$X /a /b\nRUN --network=none --mount=type=bind,from=more:2,target=/m true --from=no\n"
    )
    assert find_bases(text, {}) == ("one", "tools:1", "more:2")
    pinned = pin_bases(text, {}, {"tools:1": "t", "more:2": "m", "built": "wrong"})
    assert pinned == text.replace("tools:1", "t").replace("more:2", "m")


def test_every_image_of_an_instruction_is_pinned_and_its_here_document_stays() -> None:
    text = (
        "FROM one\nRUN --mount=from=two,target=/m --mount=type=cache,target=/c,from=three <<A cat <<B\nFROM x\nA\n"
        "RUN --mount=from=two,target=/m\nB\nFROM four\n"
    )
    assert find_bases(text, {}) == ("one", "two", "three", "four")
    pinned = pin_bases(text, {}, {"two": "2", "three": "3"})
    assert pinned == text.replace("two,target=/m --", "2,target=/m --").replace("three", "3")


@given(
    st.lists(
        st.sampled_from(("FROM", " ", "a", "\n", "\\\n", "# ", "ARG ", "X=", "$X", "<<E", "RUN ", "\t", "--from="))
    )
)
def test_any_dockerfile_without_pins_stays_as_it_is(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert pin_bases(text, {}, {}).splitlines() == (text.splitlines() or [""])


@pytest.mark.parametrize(
    ("rules", "left_out", "kept"),
    [
        ("*.log", ["a.log"], ["d/a.log", "a.logs", "log"]),
        ("**/*.log", ["a.log", "d/a.log", "d/e/a.log"], ["a.txt"]),
        ("d", ["d/a", "d"], ["e/d", "da"]),
        ("/d/", ["d/a"], ["e/d/a"]),
        ("*\n!k*", ["a", "d/a"], ["k", "keep/deep"]),
        ("!k\nk", ["k"], []),
        ("d/**", ["d/a", "d/e/f"], ["e"]),
        ("a?c", ["abc"], ["a/c", "ac"]),
        ("**", ["a", "a/b"], []),
        ("# x\n\\#y\n[ab]z", ["#y", "az"], ["# x", "cz"]),
        ("[", [], ["["]),
        ("./a/../b", ["b"], ["a"]),
        ("a/**b", ["a/b", "a/c/b"], ["a/cb", "ab"]),
        ("**b", ["ab", "c/ab"], ["bc"]),
    ],
)
def test_ignoring(rules: str, left_out: list[str], kept: list[str]) -> None:
    patterns = parse_ignore(rules)
    assert [name for name in left_out if not is_ignored(name, patterns)] == []
    assert [name for name in kept if is_ignored(name, patterns)] == []


@given(st.text(), st.text())
def test_any_rules_can_be_read(rules: str, name: str) -> None:
    assert not is_ignored(name, parse_ignore(f"{rules}\n!**"))
