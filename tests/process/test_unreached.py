"""What is told of tracking that an isolated command will not come to."""

from __future__ import annotations

from pathlib import Path

import pytest

from reenact.cli import main
from reenact.plan import Command, CondaSpec, DockerSpec, EnvironmentSpec, Isolation, Plan, Snapshot, SystemSpec
from reenact.process.unreached import find_unreached
from reenact.project.types import DockerEnvironment
from tests.environments.conftest import write
from tests.process.test_isolation import can_isolate

NO_NETWORK, READ_ONLY = Isolation(network=False), Isolation(read_only=True)
SERVER = "http://me:pw@127.0.0.1:5000"


def find(isolation: Isolation, caller: dict[str, str], spec: EnvironmentSpec | None = None) -> list[str]:
    plan = Plan("p", "main", Snapshot("directory", "."), Command("true"), spec or SystemSpec(), isolation=isolation)
    return [found.message for found in find_unreached(plan, caller)]


@pytest.mark.parametrize("uri", [SERVER, "https://far.org", "databricks", "databricks://x", "postgresql://h/d"])
def test_a_server_is_not_reached_without_a_network(uri: str) -> None:
    (said,) = find(NO_NETWORK, {"MLFLOW_TRACKING_URI": uri})
    assert said.startswith("the command will not reach the server that MLFLOW_TRACKING_URI names: --no-network ")
    assert find(READ_ONLY, {"MLFLOW_TRACKING_URI": uri}) == []


@pytest.mark.parametrize(
    "uri", ["/a/mlruns", "mlruns", "./m:x", "file:///a", "file:m", "sqlite:////x.db", "sqlite:///x"]
)
def test_files_are_not_written_by_who_may_only_read(uri: str) -> None:
    (said,) = find(READ_ONLY, {"MLFLOW_REGISTRY_URI": uri})
    assert said.startswith("nothing can be logged to the files that MLFLOW_REGISTRY_URI names: --read-only ")
    assert find(NO_NETWORK, {"MLFLOW_REGISTRY_URI": uri}) == []


def test_what_the_environment_says_itself_counts() -> None:
    listed = DockerEnvironment("x", environment=(("MLFLOW_TRACKING_URI", "/mlruns"), "MLFLOW_REGISTRY_URI"))
    caller = {"MLFLOW_TRACKING_URI": SERVER, "MLFLOW_REGISTRY_URI": SERVER}
    (said,) = find(NO_NETWORK, caller, DockerSpec(container=listed))
    assert "MLFLOW_REGISTRY_URI" in said
    assert find(NO_NETWORK, caller, CondaSpec(variables=dict.fromkeys(caller, "/mlruns"))) == []
    assert find(NO_NETWORK, {"MLFLOW_TRACKING_URI": ""}) == []


def test_it_is_told_and_recorded(
    project_dir: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    if not can_isolate():
        pytest.skip("this machine lets nobody make namespaces")
    write(project_dir, {"MLproject": "entry_points: {main: {command: 'true'}}\n"})
    monkeypatch.setenv("MLFLOW_TRACKING_URI", SERVER)
    assert main(["run", str(project_dir), "--env-manager", "system", "--no-network", "-q"]) == 0
    assert "warning: the command will not reach the server that MLFLOW_TRACKING_URI names" in capfd.readouterr().err
    assert main(["show", "--json"]) == 0
    shown = capfd.readouterr().out
    assert "unreached-tracking" in shown
    assert "pw" not in shown.replace("pwd", "")
    assert main(["run", str(project_dir), "--env-manager", "system", "-q"]) == 0
    assert "will not reach" not in capfd.readouterr().err
