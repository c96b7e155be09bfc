from __future__ import annotations

from pathlib import Path

import pytest

from tests.doctor.patient import Patient
from tests.sources.repositories import git

MLPROJECT = "entry_points:\n  main:\n    inputs: [{}]\n    command: python train.py\n"


@pytest.mark.parametrize(
    "code",
    [
        "open('data/wine.csv')",
        "open('data/wine.csv', 'rb')",
        "import pandas as pd; pd.read_csv('data/wine.csv')",
        "import pandas as pd; pd.read_csv(filepath_or_buffer='data/wine.csv')",
        "import numpy as np; np.load('data/wine.csv')",
        "import os; open(os.path.join('data', 'wine.csv'))",
        "from pathlib import Path; Path('data/wine.csv').read_text()",
        "from pathlib import Path; (Path('data') / 'wine.csv').open()",
        "from pathlib import Path; HERE = Path(__file__).resolve().parent\n(HERE / 'data' / 'wine.csv').read_bytes()",
        "import os; open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'data/wine.csv'))",
        "DATA = 'data/wine.csv'\nopen(DATA)",
        "import joblib; joblib.load('data/wine.csv')",
        "import yaml; yaml.safe_load(open('data/wine.csv'))",
    ],
)
def test_what_is_read_and_is_nowhere(patient: Patient, code: str) -> None:
    patient.have(train__py=code)
    told = [message for _, message in patient.places("undeclared-input")]
    assert told == ["'data/wine.csv' is read; it is not in the project, and nothing in it makes the file"]
    patient.have(data___wine__csv="1\n")
    assert patient.places("undeclared-input") == []
    patient.commit()
    assert patient.places("undeclared-input") == []


@pytest.mark.parametrize(
    "code",
    [
        "open('out/wine.csv', 'w'); open('out/wine.csv')",
        "import os; os.makedirs('out'); open('out/wine.csv')",
        "df.to_csv('out/wine.csv'); import pandas as pd; pd.read_csv('out/wine.csv')",
        "import os\nif os.path.exists('out/wine.csv'): open('out/wine.csv')",
        "try: open('out/wine.csv')\nexcept FileNotFoundError: pass",
        "open(name); open(f'{name}.csv'); open('data/' + name)",
        "open(0)",
        "open('/dev/stdin')",
        "from urllib.request import urlretrieve; urlretrieve(u, 'out/wine.csv'); open('out/wine.csv')",
        "open('a\\0b')",
        "open('')",
    ],
)
def test_what_the_project_makes_or_nobody_can_tell(patient: Patient, code: str) -> None:
    patient.have(train__py=code)
    assert patient.places("undeclared-input") == []


def test_what_another_step_or_a_command_makes(patient: Patient) -> None:
    patient.have(
        MLproject="""\
            entry_points:
              load: {command: python load.py}
              fetch: {command: curl -o raw.csv https://example.org/raw.csv}
              train: {command: python train.py}
        """,
        load__py="df.to_parquet('clean.parquet')\n",
        train__py="import pandas as pd\npd.read_parquet('clean.parquet')\npd.read_csv('raw.csv')\n",
    )
    assert patient.places("undeclared-input") == []


def test_declared_inputs(patient: Patient) -> None:
    patient.have(train__py="open('data/a.csv'); open('data/b.csv')\n")
    for declared in ("data/a.csv, data/b.csv", "data/*.csv", "data"):
        patient.have(MLproject=MLPROJECT.format(f"'{declared}'" if "," not in declared else declared))
        assert patient.places("undeclared-input") == [], declared
    patient.have(MLproject=MLPROJECT.format("data/a.csv"))
    assert [place for place, _ in patient.places("undeclared-input")] == ["train.py:1:21"]


def test_what_git_ignores_is_in_no_record(patient: Patient) -> None:
    patient.have(
        train__py="open('data/a.csv')\nparser.add_argument('--b', default='data/b.csv')\n",
        data___a__csv="1",
        data___b__csv="1",
        GITIGNORE="data/\n",
    ).commit()
    assert patient.places("undeclared-input") == [
        ("train.py:1:1", "'data/a.csv' is read, and a record leaves it out, for it is ignored"),
        ("train.py:2:1", "'data/b.csv' is read, and a record leaves it out, for it is ignored"),
    ]
    patient.have(GITIGNORE="", reenactignore="*.csv\n")
    (patient.folder / "reenactignore").rename(patient.folder / ".reenactignore")
    patient.commit()
    assert [place for place, _ in patient.places("undeclared-input")] == ["train.py:1:1", "train.py:2:1"]


def test_files_of_a_submodule_are_part_of_the_record(patient: Patient, tmp_path: Path) -> None:
    inner = Patient(tmp_path / "inner").have(a__csv="1").commit()
    patient.have(train__py="open('data/a.csv')\n").commit()
    git(patient.folder, "-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(inner.folder), "data")
    patient.commit()
    assert patient.places("undeclared-input") == []


def test_what_lfs_left_is_told(patient: Patient) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"
    patient.have(train__py="open('model.bin', 'rb')\n", model__bin=pointer)
    assert patient.places("lfs-pointer") == [("train.py:1:1", "'model.bin' is a pointer of git LFS")]


def test_what_is_read_from_the_network(patient: Patient) -> None:
    patient.have(
        MLproject=MLPROJECT.format("'https://example.org/declared.csv'"),
        train__py="""\
            import pandas as pd, requests
            from urllib.request import urlopen
            pd.read_csv("https://user:word@example.org/wine.csv?token=abc")
            pd.read_csv("https://example.org/declared.csv")
            requests.get("http://localhost:5000/health")
            requests.post("https://example.org/hook")
            urlopen(address)
            from datasets import load_dataset
            load_dataset("imdb")
            load_dataset("imdb", revision="1a2b")
            load_dataset("csv", data_files="x.csv")
            from transformers import AutoModel
            AutoModel.from_pretrained("bert-base-uncased")
            AutoModel.from_pretrained(name)
        """,
    )
    assert patient.places("network-read") == [
        ("train.py:3:1", "'https://example.org/wine.csv' by read_csv"),
        ("train.py:7:1", "urllib.request.urlopen()"),
    ]
    assert patient.places("floating-model") == [
        ("train.py:9:1", "'imdb' by load_dataset"),
        ("train.py:13:1", "'bert-base-uncased' by from_pretrained"),
    ]
