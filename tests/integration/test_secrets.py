"""What is secret reaches the command and nothing else that we write, print or start."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from contextlib import suppress
from pathlib import Path

import pytest

from reenact.reproduce.bundle.compression import load_zstd
from tests.environments.conftest import make_wheel
from tests.integration.command import PATIENCE, Said, User, write_project
from tests.integration.servers import serve_http, serve_index
from tests.process.running import eventually
from tests.sources.repositories import commit, git, make_bare, make_repository

SECRET = "hush-5up3r-hush"
ENCODED = "aHVzaC01dXAzci1odXNo"

PROJECT = """
name: secret
entry_points:
  main:
    parameters: {key: {type: string, secret: true}, n: {type: int, default: 1}}
    command: 'test {key} = "$EXPECTED" && echo right; touch begun; while ! test -e go; do sleep 0.05; done'
  number:
    parameters: {key: {type: int, secret: true}}
    command: echo
  choice:
    parameters: {key: {secret: true, choices: [a, b]}}
    command: echo
  default:
    parameters: {key: {secret: true, default: hidden-by-default}}
    command: 'test {key} = hidden"-by-default" && echo right'
  path:
    parameters: {file: {type: path, secret: true}}
    command: 'cat {file}'
  url:
    parameters: {file: path}
    command: 'cat {file}'
  shout:
    parameters: {key: {secret: true}, other: {type: string, default: x}}
    command: 'python3 shout.py {key} {other}'
  given:
    parameters: {key: {secret: true}}
    command: 'test {key} = "$EXPECTED" && echo right'
"""


SHOUT = """
import base64, html, json, shlex, sys, time, urllib.parse as address
key = sys.argv[1]
data = key.encode()
forms = [key, address.quote(key, safe=""), json.dumps(key), shlex.quote(key), html.escape(key), data.hex(), repr(key)]
forms += [base64.b64encode(b"x" * n + data + b"y").decode() for n in range(4)]
for stream in (sys.stdout, sys.stderr):
    for form in forms:
        print("form", form, file=stream, flush=True)
    for letter in key:
        stream.write(letter); stream.flush(); time.sleep(0.005)
    print(" whole", file=stream, flush=True)
print(len(forms), "forms", sys.argv[2:])
sys.exit(3)
"""


@pytest.fixture
def project(user: User) -> Path:
    user.environ["EXPECTED"] = SECRET
    return write_project(user.folder / "secret", PROJECT, shout__py=SHOUT)


def expect_hidden(user: User, *said: Said) -> None:
    """It is nowhere in the home, in no answer, in no verb's answer."""
    if user.runs():
        said += (user.call("show"), user.call("ls", "--json"), user.call("logs"))
    for each in said:
        for needle in (SECRET, ENCODED):
            assert needle not in each.out, each
            assert needle not in each.err, each
    for path in user.home.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        for needle in (SECRET, ENCODED):
            assert needle.encode() not in content, path
            assert needle not in path.name


def lines_of_processes(user: User) -> list[str]:
    """The argument lists of everything of ours that lives."""
    lines = []
    for pid in user.left():
        with suppress(OSError):  # it has ended
            lines.append(Path(f"/proc/{pid}/cmdline").read_bytes().decode())
    return lines


@pytest.mark.parametrize("detached", [False, True])
def test_a_secret_parameter_while_it_runs(detached: bool, user: User, project: Path) -> None:
    # Our own argument list is the user's doing, so a file gives it.
    (user.folder / "p.yaml").write_text(f"key: {SECRET}\n")
    command = ["run", "--env-manager", "system", "--params-file", "p.yaml", *(["-d"] if detached else []), "secret"]
    with user.starts(*command) as process:
        assert eventually((project / "begun").exists)
        lines = lines_of_processes(user)
        assert lines
        assert not [line for line in lines if SECRET in line]
        expect_hidden(user)
        (project / "go").touch()
        out, told = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
    assert eventually(lambda: [run["state"] for run in user.runs()] == ["finished"])
    assert "right\n" in user.call("logs").out
    assert user.runs()[0]["parameters"] == {"key": None, "n": "1"}
    expect_hidden(user, Said(0, out.decode(), told.decode()))


def test_a_secret_parameter_reaches_the_command(user: User, project: Path) -> None:
    asked = ("-e", "given", "-P", f"key={SECRET}", "secret")
    assert user.run(*asked) == (0, "right\n", "")
    expect_hidden(user, user.call("run", "--dry-run", *asked), user.call("run", "--dry-run", "--json", *asked))


def test_a_secret_default_is_in_no_record(user: User, project: Path) -> None:
    """It is in the project's file, of which the home has a parsed copy, and nowhere else."""
    assert user.run("-e", "default", "secret") == (0, "right\n", "")
    said = user.call("run", "--dry-run", "--json", "-e", "default", "secret")
    assert json.loads(said.out)["parameters"][0]["value"] is None
    found = [path for path in user.home.rglob("*") if path.is_file() and b"hidden-by-default" in path.read_bytes()]
    assert [path.parent.name for path in found] == ["documents"]


@pytest.mark.parametrize("entry_point", ["number", "choice"])
def test_a_secret_that_does_not_fit_is_not_told(entry_point: str, user: User, project: Path) -> None:
    said = user.run("-e", entry_point, "-P", f"key={SECRET}", "secret")
    assert said.code == 64
    assert "'key' does not fit" in said.err
    lenient = user.run("--lenient", "-e", entry_point, "-P", f"key={SECRET}", "secret")
    assert lenient.code == 0
    expect_hidden(user, said, lenient)


@pytest.mark.slow
def test_a_secret_address_is_downloaded_and_told_to_nobody(user: User, project: Path, tmp_path: Path) -> None:
    served = tmp_path / "files"
    served.mkdir()
    (served / "data.txt").write_text("data\n")
    git(served, "init", "--quiet")
    with serve_http(served, user="me", password=SECRET) as server:
        address = server.url.replace("://", f"://me:{SECRET}@") + "/data.txt"
        assert user.run("-e", "path", "-P", f"file={address}", "secret") == (0, "data\n", "")
        expect_hidden(user)
        assert user.run("-d", "-e", "path", "-P", f"file={address}", "secret").code == 0
        assert eventually(lambda: [run["state"] for run in user.runs()] == ["finished"] * 2)
        expect_hidden(user)
        plain = user.run("-e", "url", "-P", f"file={address}", "secret")
        expect_hidden(user, plain)
        wrong = user.run("-e", "path", "-P", f"file={address}.missing", "secret")
        assert wrong.code == 66
        expect_hidden(user, wrong)
    gone = user.run("-e", "path", "-P", f"file={address}", "secret")
    assert gone.code == 66
    expect_hidden(user, gone)


def test_a_secret_file_address(user: User, project: Path) -> None:
    (user.folder / SECRET).write_text("data\n")
    said = user.run("-e", "path", "-P", f"file=file://{user.folder}/{SECRET}", "secret")
    assert (said.code, said.out) == (0, "data\n"), said
    expect_hidden(user, said)


@pytest.mark.slow
def test_the_password_of_a_repository(user: User, tmp_path: Path) -> None:
    work = make_repository(tmp_path / "work")
    commit(work, {"MLproject": "name: g\nentry_points:\n  main: {command: git remote -v}\n"})
    make_bare(work, tmp_path / "served" / "sample.git")
    with serve_http(tmp_path / "served", user="me", password=SECRET) as server:
        address = server.url.replace("://", f"://me:{SECRET}@") + "/sample.git"
        said = (
            user.run(address),
            user.run("-v", "nothing", address),
            user.run("--dry-run", "--json", address),
            user.run(f"{address}#nothing"),
            user.call("describe", address),
            user.call("check", address),
        )
        expect_hidden(user, *said)
        assert user.runs()[0]["state"] == "finished"
        server.gate.clear()
        commit(work, {"more": "x"})
        git(work, "push", "--quiet", "../served/sample.git", "main")
        with user.starts("run", "-q", "--env-manager", "system", address) as process:
            assert eventually(lambda: "upload-pack" in server.requests[-1] and "POST" in server.requests[-1])
            typed = "\0".join(process.args if isinstance(process.args, list) else [])
            others = [line for line in lines_of_processes(user) if address not in line or "git" in line.split("\0")[0]]
            assert typed
            assert not [line for line in others if SECRET in line], others
            server.gate.set()
            process.communicate(timeout=PATIENCE)
    expect_hidden(user, user.run(address))


def test_the_password_of_an_index(user: User, tmp_path: Path) -> None:
    project = write_project(
        user.folder / "p",
        "name: p\npython_env: python_env.yaml\nentry_points: {main: {command: echo}}\n",
        python_env__yaml=f"dependencies:\n  - --index-url http://me:{SECRET}@127.0.0.1:9/simple\n  - tiny\n",
    )
    said = user.call("run", str(project), environ={"UV_HTTP_RETRIES": "0"})
    assert said.code == 70, said
    expect_hidden(user, said, user.call("run", "--dry-run", "--json", str(project)), user.call("describe", "p"))


@pytest.mark.slow
@pytest.mark.parametrize("given", ["address", "its own variables"])
def test_the_password_of_an_index_that_is_in_a_variable(given: str, user: User, tmp_path: Path) -> None:
    """It opens the index, in a build that says all that it does and in one that fails, and is told nowhere."""
    (wheels := tmp_path / "wheels").mkdir()
    make_wheel(wheels, "tiny", "1.0")
    project = write_project(
        user.folder / "p",
        "name: p\npython_env: python_env.yaml\nentry_points: {main: {command: python -c 'import tiny'}}\n",
        python_env__yaml="dependencies:\n  - tiny\n",
    )
    user.environ |= {"RUST_LOG": "uv=trace", "UV_CACHE_DIR": str(tmp_path / "cache"), "UV_HTTP_RETRIES": "0"}
    with serve_index(wheels, f"me:{SECRET}") as index:
        if given == "address":
            user.environ["UV_DEFAULT_INDEX"] = index.url.replace("://", f"://me:{SECRET}@")
        else:
            own = {"USERNAME": "me", "PASSWORD": SECRET}
            user.environ |= {f"UV_INDEX_OWN_{name}": value for name, value in own.items()}
            user.environ["UV_DEFAULT_INDEX"] = f"own={index.url}"
        said = user.call("run", str(project))
        assert said.code == 0, said
        (project / "python_env.yaml").write_text("dependencies:\n  - tiny>1\n")
        failed = user.call("run", str(project))
        assert failed.code == 70, failed
    assert len(list((user.home / "runs").glob("*/build.log"))) == 2
    basic = b64encode(f"me:{SECRET}".encode()).decode()
    expect_hidden(user, said, failed)
    for path in (path for path in user.home.rglob("*") if path.is_file()):
        assert basic[4:-4].encode() not in path.read_bytes(), path


def test_a_caller_s_variables_are_recorded_nowhere(user: User, project: Path) -> None:
    user.environ["AWS_SECRET_ACCESS_KEY"] = SECRET
    assert user.run("-e", "default", "secret").code == 0
    expect_hidden(user)


HARD = "hush-5up3r/+='\"<hush"
HARD_FORMS = ("hush-5up3r", "aHVzaC01dXAzci", "odXNoLTV1cDNyL", "h1c2gtNXVwM3Iv", "687573682d3575703372")


@pytest.mark.parametrize("detached", [False, True])
def test_what_a_program_prints_of_a_secret_is_shown_and_not_kept(detached: bool, user: User, project: Path) -> None:
    (user.folder / "p.json").write_text(json.dumps({"key": HARD}))
    options = ["--env-manager", "system", "-e", "shout", "--params-file", "p.json", *(["-d"] if detached else [])]
    said = user.call("run", *options, "secret")
    if not detached:
        assert said.code == 3
        assert said.out.startswith(f"form {HARD}\n"), "what is shown is the program's own"
        assert f"\n{HARD} whole\n" in said.out
    assert eventually(lambda: [run["state"] for run in user.runs()] == ["failed"])
    logged = user.call("logs")
    assert logged.out.endswith("11 forms ['x']\n")
    lines = logged.out.splitlines()
    assert [line.replace("'", "").replace('"', "") for line in lines[:7]] == ["form ***"] * 7
    assert lines[11] == "*** whole"
    assert len(logged.err.splitlines()) == 12
    for path in (path for path in user.home.rglob("*") if path.is_file() and "documents" not in path.parts):
        content = path.read_bytes()
        assert not [form for form in HARD_FORMS if form.encode() in content], path
    page = user.call("show")
    assert not [form for form in HARD_FORMS if form in page.out]


def test_a_parameter_that_holds_a_secret_is_one(user: User, project: Path) -> None:
    user.environ["LD_LIBRARY_PATH"] = f"/nowhere/{SECRET}"
    asked = (
        "--run-name",
        f"n-{SECRET}",
        "-e",
        "shout",
        "-P",
        f"key={SECRET}",
        "-P",
        f"other=https://x/?k={SECRET}",
        "-P",
        f"more=a{ENCODED}",
    )
    said = user.call("run", "--env-manager", "system", *asked, "secret")
    assert said.code == 3
    assert f"11 forms ['https://x/?k={SECRET}', '--more', 'a{ENCODED}']" in said.out
    assert "the value of parameter 'other' holds that of a secret one" in said.err.partition("form ")[0]
    assert user.runs()[0]["parameters"] == {"key": None, "other": None, "more": None}
    expect_hidden(user, Said(0, "", said.err.partition("form ")[0]))


def test_credentials_of_the_caller_are_not_in_the_log(user: User, project: Path) -> None:
    proxy = f"http://me:{SECRET}@127.0.0.1:9"
    user.environ |= {"HTTPS_PROXY": proxy, "HF_TOKEN": f"hf_{SECRET}", "PGPASSWORD": "postgres"}
    printed = "os.environ['HTTPS_PROXY'], os.environ['HF_TOKEN'], os.environ['PGPASSWORD']"
    (project / "shout.py").write_text(f"import os; print({printed})\n")
    said = user.run("-e", "shout", "-P", "key=unrelated", "secret")
    assert said.out == f"{proxy} hf_{SECRET} postgres\n"
    assert user.call("logs").out == "http://me:***@127.0.0.1:9 *** postgres\n"
    expect_hidden(user)


def test_a_secret_that_is_too_short_is_said_to_be(user: User, project: Path) -> None:
    said = user.call("run", "--env-manager", "system", "-e", "shout", "-P", "key=123", "secret")
    assert "warning: a value of fewer than 4 characters ('key') cannot be taken out of the log" in said.err
    assert "form 123\n" in user.call("logs").out


def test_a_command_that_is_not_found_tells_no_secret(user: User, project: Path) -> None:
    (project / "MLproject").write_text(
        "entry_points: {main: {parameters: {key: {secret: true}}, command: './{key} && echo'}}\n"
    )
    said = user.call("run", "--env-manager", "system", "-P", f"key={SECRET}", "secret")
    assert said.code == 127
    expect_hidden(user, Said(0, "", ""))


LOUD = """
import base64, json, os, sys, zipfile
from urllib.parse import quote
key = os.environ["HF_TOKEN"]
data = key.encode()
forms = [key, quote(key, safe=""), json.dumps(key), repr(key), data.hex(), base64.b64encode(data).decode()]
forms += [base64.encodebytes(b"x" * n + data).decode() for n in range(3)]
def build_wheel(folder, *_):
    for form in forms:
        print("form", form, flush=True)
        print("form", form, file=sys.stderr, flush=True)
    if os.environ.get("FAIL"):
        raise RuntimeError("\\n".join(forms))
    with zipfile.ZipFile(os.path.join(folder, "loud-1-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("loud.py", "")
        wheel.writestr("loud-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: loud\\nVersion: 1\\n")
        wheel.writestr("loud-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("loud-1.dist-info/RECORD", "")
    return "loud-1-py3-none-any.whl"
"""
LOUD_PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "loud"
version = "1"
"""
LONG = HARD + "-which-is-long-enough-for-its-base64-to-take-more-than-one-line"
LONG_FORMS = (
    *HARD_FORMS,
    *(b64encode(b"x" * n + LONG.encode()).decode()[a : a + 12] for n in range(3) for a in (8, 80)),
)


@pytest.fixture
def loud(user: User) -> Path:
    """A project whose environment prints a credential of the caller's while it is built."""
    project = write_project(
        user.folder / "loud",
        "name: loud\npython_env: python_env.yaml\nentry_points: {main: {command: python -c 'import loud'}}\n",
        python_env__yaml="dependencies:\n  - ./package\n",
    )
    (project / "package").mkdir()
    (project / "package" / "backend.py").write_text(LOUD)
    (project / "package" / "pyproject.toml").write_text(LOUD_PROJECT)
    # Else uv shows what a build prints only when it fails.
    user.environ |= {"HF_TOKEN": LONG, "RUST_LOG": "uv=debug"}
    return project


def expect_no_form(content: bytes, where: object) -> None:
    assert not [form for form in LONG_FORMS if form.encode() in content], where


def expect_all_hidden(user: User, exported: Path) -> None:
    """No form of it is in a run's folder, in what is said of the run, or in the bundle of it."""
    for path in (path for path in (user.home / "runs").rglob("*") if path.is_file()):
        expect_no_form(path.read_bytes(), path)
    shown = [user.call("show", "--json"), user.call("show"), user.call("logs"), user.call("ls", "--json")]
    shown.append(user.call("export", "@", "-o", str(exported)))
    for said in shown:
        assert said.code == 0, said
        expect_no_form(f"{said.out}{said.err}".encode(), said)
    expect_no_form(load_zstd().decompress(exported.read_bytes()), "the bundle")


@pytest.mark.parametrize("detached", [False, True])
def test_a_build_that_prints_a_credential(detached: bool, user: User, loud: Path) -> None:
    said = user.call("run", *(["-d"] if detached else []), str(loud))
    assert said.code == 0, said
    assert eventually(lambda: [run["state"] for run in user.runs()] == ["finished"])
    [log] = (user.home / "runs").glob("*/build.log")
    assert log.read_text().count("form ***") >= 2 * 5
    expect_all_hidden(user, user.folder / "run.tar.zst")


def test_a_build_that_fails_with_a_credential_in_what_it_says(user: User, loud: Path) -> None:
    user.environ["FAIL"] = "1"
    said = user.call("run", str(loud))
    assert said.code == 70
    expect_no_form(said.err.encode(), said)
    [result] = (user.home / "runs").glob("*/result.json")
    reason = json.loads(result.read_text())["reason"]
    assert "'loud @ " in reason
    assert "***" in reason
    assert json.loads(user.call("show", "--json").out)["run"]["reason"] == reason
    expect_all_hidden(user, user.folder / "run.tar.zst")


def test_a_run_that_fails_with_a_secret_in_the_reason(user: User, tmp_path: Path) -> None:
    """Which files were read that nobody declared is said in the result; here the secret is in their names."""
    read = "import base64, os, sys; os.chdir(sys.argv[1]); open(base64.urlsafe_b64encode(sys.argv[1].encode()))"
    project = write_project(
        user.folder / "strict",
        "entry_points: {main: {parameters: {key: {secret: true}}, command: 'python3 read.py {key}'}}\n",
        read__py=f"{read}; open('plain')\n",
    )
    folder = tmp_path / SECRET
    folder.mkdir()
    encoded = urlsafe_b64encode(str(folder).encode()).decode()
    for name in ("plain", encoded):
        (folder / name).touch()
    said = user.run("--strict-inputs", "-P", f"key={folder}", str(project))
    assert said.code == 67, said
    reason = json.loads(user.call("show", "--json").out)["run"]["reason"]
    assert "***/plain" in reason
    assert user.call("export", "@", "-o", "run.tar.zst").code == 0
    said_or_kept = [said.err, reason, *(path.read_text() for path in (user.home / "runs").rglob("result.json"))]
    said_or_kept.append(load_zstd().decompress((user.folder / "run.tar.zst").read_bytes()).decode("latin-1"))
    for text in said_or_kept:
        assert not [needle for needle in (SECRET, encoded[8:-8]) if needle in text], text
