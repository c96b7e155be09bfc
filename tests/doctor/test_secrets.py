from __future__ import annotations

import json
import string
from random import Random

import pytest

from reenact.cli import main
from reenact.doctor.secrets import find_in_line
from tests.doctor.patient import Patient

LETTERS = string.ascii_letters + string.digits


def invent(prefix: str, count: int, letters: str = LETTERS, seed: int = 1) -> str:
    """Something that looks like a token, and that no scanner finds written in this file."""
    return prefix + "".join(Random(seed).choices(letters, k=count))


TOKENS = {
    "an AWS access key": invent("AKI" + "A", 16, string.ascii_uppercase + string.digits),
    "a GitHub token": invent("gh" + "p_", 36),
    "a GitLab token": invent("glp" + "at-", 20),
    "a Hugging Face token": invent("h" + "f_", 34),
    "a Slack token": invent("xox" + "b-", 24),
    "a Google API key": invent("AI" + "za", 35),
    "an API key": invent("s" + "k-", 48),
    "a private key": "-----BEGIN RSA PRIVATE " + "KEY-----",
}


@pytest.mark.parametrize("what", TOKENS)
def test_well_known_tokens(patient: Patient, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    token = TOKENS[what]
    patient.have(
        MLproject=f"entry_points:\n  main:\n    command: python train.py --x '{token}'\n",
        train__py=f"X = '{token}'\n",
    )
    assert {place.rpartition(":")[0] for place, _ in patient.places("secret")} == {"MLproject:3", "train.py:1"}
    for argv in (["doctor", str(patient.folder)], ["doctor", str(patient.folder), "--json"]):
        assert main(argv) == 65
        out, err = capsys.readouterr()
        assert token not in out + err
        assert "****" in out


def test_secrets_by_name(patient: Patient) -> None:
    value = invent("", 20, seed=4) + "9a"
    patient.have(
        MLproject=f"""\
            conda_env: conda.yaml
            entry_points:
              main:
                parameters:
                  api_key: {{default: {value}}}
                  tokenizer: {{default: bert-base-uncased-2}}
                  token: {{default: None}}
                command: python train.py {{api_key}} {{tokenizer}} {{token}}
        """,
        conda__yaml=f"dependencies: [python=3.11]\nvariables:\n  DB_PASSWORD: hunter22\n  WANDB_API_KEY: {value}\n",
        requirements__txt="--extra-index-url https://me:s3cr3tword@example.org/simple\nsix\n",
    )
    found = patient.places("secret")
    assert [place for place, _ in found] == [
        "MLproject:5:7",
        "conda.yaml:3:16",
        "conda.yaml:4:18",
        "requirements.txt:1:19",
    ]
    assert not any(value in message or "hunter22" in message or "s3cr3tword" in message for _, message in found)


def test_variables_of_a_container(patient: Patient) -> None:
    value = invent("", 24, seed=5) + "0z"
    patient.have(
        MLproject="docker_env:\n  image: a@sha256:0\n"
        f'  environment: [["API_TOKEN", "{value}"], HOME, ["MODE", "a1b2c3d4e5f6g7"]]\n'
        "entry_points: {main: {command: 'true'}}\n"
    )
    assert patient.places("secret") == [("MLproject:3:19", "the value of the variable 'API_TOKEN' looks like a secret")]


def test_no_other_finding_shows_it(patient: Patient, capsys: pytest.CaptureFixture[str]) -> None:
    value = invent("", 24, seed=6) + "7q"
    patient.have(
        MLproject=f"entry_points:\n  main:\n    parameters:\n      api_key: {{type: int, default: {value}}}\n"
        f"    command: pip install --token={value} six && echo {{api_key}}\n"
    )
    main(["doctor", str(patient.folder)])
    assert value not in capsys.readouterr().out
    main(["doctor", str(patient.folder), "--json"])
    out = capsys.readouterr().out
    assert value not in out
    assert {"default-does-not-fit", "secret"} <= {one["code"] for one in json.loads(out)["findings"]}


@pytest.mark.parametrize(
    "line",
    [
        "password: ${DB_PASSWORD}",
        "password: <your password>",
        "token: your_token_here_1",
        "api_key: changeme123",
        "secret: xxxxxxxxxxxx",
        "max_tokens: 4096",
        "pad_token: '[PAD]'",
        "token_pattern: abc123def456ghi",
        "key: abcdef123456abcdef",
        "password = os.environ['PASSWORD1']",
        "https://${USER}:${TOKEN}@example.org/simple",
        "git+ssh://git@example.org/x",
        "https://example.org/a:b@c",
        "numpy==1.26.4 --hash=sha256:0123456789abcdef0123456789abcdef",
        "AKIAIOSFODNN7EXAMPLE",
        "sk-learn",
        "secret: true",
    ],
)
def test_what_is_no_secret(line: str) -> None:
    assert list(find_in_line(line, named=True)) == []
