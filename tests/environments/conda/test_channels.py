"""Channels: their order, what stands for defaults, what is closed, what is secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from reenact.environments.conda.channels import (
    choose_channels,
    hide_secrets,
    is_licensed,
    restore_secrets,
)

ROOT = Path("/project")


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        ((), ("conda-forge",)),
        (("defaults",), ("conda-forge",)),
        (("conda-forge", "defaults"), ("conda-forge",)),
        (("defaults", "pytorch"), ("conda-forge", "pytorch")),
        (("pytorch",), ("pytorch", "conda-forge")),
        (("pytorch", "nodefaults"), ("pytorch",)),
        (("pytorch", "conda-forge", "nodefaults"), ("pytorch", "conda-forge")),
        (("https://host/own",), ("https://host/own",)),
        (("https://host/own", "conda-forge"), ("https://host/own", "conda-forge")),
        (("./local",), ("file:///project/local",)),
        (("a", "b", "a"), ("a", "b", "conda-forge")),
    ],
)
def test_channels_in_their_order(listed: tuple[str, ...], names: tuple[str, ...]) -> None:
    assert choose_channels(listed, (), [ROOT]).names == names


def test_defaults_is_served_from_conda_forge_and_said() -> None:
    chosen = choose_channels(("defaults",), ("numpy",), [ROOT])
    assert any("'defaults' is served from conda-forge" in note for note in chosen.notes)
    assert not any("licence" in note for note in chosen.notes)


def test_defaults_asked_for_by_name_is_anacondas_and_said() -> None:
    chosen = choose_channels(("conda-forge",), ("defaults::numpy >=1", "scipy"), [ROOT])
    assert chosen.names == ("conda-forge", "https://repo.anaconda.com/pkgs/main")
    assert chosen.packages == ("https://repo.anaconda.com/pkgs/main::numpy >=1", "scipy")
    assert any("licence" in note for note in chosen.notes)


def test_a_channel_that_only_a_package_names_comes_last() -> None:
    chosen = choose_channels(("conda-forge",), ("pytorch::pytorch=2", "numpy[channel=bioconda]"), [ROOT])
    assert chosen.names == ("conda-forge", "pytorch", "bioconda")


def test_a_package_may_name_its_channel_in_brackets_and_with_its_platform() -> None:
    packages = ("x[version=1, channel=defaults]", 'y[channel="./local"]', "conda-forge/linux-64::z=1")
    chosen = choose_channels(("nodefaults",), packages, [ROOT])
    assert chosen.names == ("https://repo.anaconda.com/pkgs/main", "file:///project/local", "conda-forge")
    assert chosen.packages == (
        "x[version=1, channel=https://repo.anaconda.com/pkgs/main]",
        'y[channel="file:///project/local"]',
        "conda-forge/linux-64::z=1",
    )
    assert any("licence" in note for note in chosen.notes)


def test_a_folder_is_looked_for_beside_the_file_first(tmp_path: Path) -> None:
    beside, root = tmp_path / "envs" / "local", tmp_path / "local"
    for folder in (root, beside):
        folder.mkdir(parents=True)
        (expected,) = choose_channels(("./local", "nodefaults"), (), [beside.parent, tmp_path]).names
        assert expected == folder.as_uri()


@pytest.mark.parametrize(
    "name", ["anaconda", "pkgs/main", "https://repo.anaconda.com/pkgs/free", "https://u:p@repo.anaconda.com/x"]
)
def test_anacondas_own_channels(name: str) -> None:
    assert is_licensed(name)


@pytest.mark.parametrize(
    "name", ["conda-forge", "https://mirror/anaconda/pkgs/main", "https://repo.anaconda.com.evil/x"]
)
def test_others(name: str) -> None:
    assert not is_licensed(name)


@pytest.mark.parametrize("address", ["https://user:pass@host/channel", "https://host/t/tk-123-abc/channel"])
def test_secrets_are_hidden_and_found_again(tmp_path: Path, address: str) -> None:
    (tmp_path / "conda.yaml").write_text(f"channels:\n  - {address}\n")
    hidden = hide_secrets(f"- conda: {address}/linux-64/x-1-0.conda")
    assert "pass" not in hidden
    assert "tk-123" not in hidden
    assert restore_secrets(hidden, tmp_path, ("conda.yaml",)) == f"- conda: {address}/linux-64/x-1-0.conda"
