from __future__ import annotations

import pytest

from tests.doctor.patient import Patient


@pytest.mark.parametrize(
    "code",
    [
        "open('/home/ana/wine.csv')",
        "DATA = '/Users/ana/data'",
        r"DATA = 'C:\\data\\wine.csv'",
        "DATA = r'D:/data/wine.csv'",
        "load(f'/mnt/disk/{name}.csv')",
        "parser.add_argument('--data', default='/scratch/ana/x')",
        "load('file:///home/ana/x.csv')",
    ],
)
def test_places_of_one_machine(patient: Patient, code: str) -> None:
    patient.have(train__py=f"'''about /home/ana/x'''\n{code}\n")
    assert [place.partition(":")[2].partition(":")[0] for place, _ in patient.places("absolute-path")] == ["2"]


@pytest.mark.parametrize(
    "code",
    [
        "#!/home/ana/bin/python",
        "open('/dev/null'); open('/etc/hosts'); open('/proc/meminfo')",
        "import re; re.sub('/home/ana/x', '', text)",
        "path.replace('/home/ana/', '')",
        "if path.startswith('/home/ana/'): pass",
        "x == '/home/ana/x'",
        "print('see /home/ana/x'); print('/home/ana/x')",
        "load(root + '/data/wine.csv')",
        "load(f'{root}/data/wine.csv')",
        "@app.route('/home/ana/x')\ndef show(): pass",
        "client.get('/data/items')",
        "parser.add_argument('--data', help='/home/ana/x')",
        "'https://example.org/home/ana/x'",
        "'C: a letter'; 'a:/b'; 'http://x'",
        "import os; os.environ.get('DATA', '/home/ana/x')",
        "raise ValueError('/home/ana/x')",
        "'''\n/home/ana/x\n'''",
    ],
)
def test_what_only_looks_like_one(patient: Patient, code: str) -> None:
    patient.have(train__py=code)
    assert patient.places("absolute-path") == []


@pytest.mark.parametrize(
    "code",
    ["load('~/x.csv')", "import os; os.path.expanduser('~/x')", "from pathlib import Path; DATA = Path.home() / 'x'"],
)
def test_a_home_is_told_softly(patient: Patient, code: str) -> None:
    patient.have(train__py=code)
    assert [finding.level for finding in patient.find("home-path")] == ["note"]


def test_temporary_places_are_told_softly(patient: Patient) -> None:
    patient.have(train__py="open('/tmp/model.pkl', 'wb')\n")
    assert [finding.level for finding in patient.find("temporary-path")] == ["note"]


def test_commands_defaults_and_scripts(patient: Patient) -> None:
    patient.have(
        MLproject="""\
            entry_points:
              main:
                parameters:
                  data: {type: path, default: /home/ana/wine.csv}
                  key: {default: /home/ana/key, secret: true}
                command: python train.py --data {data} --out=/Users/ana/out --cache $HOME/.cache/x
              other:
                command: bash run.sh
        """,
        train__py="",
        run__sh="#!/bin/bash\n# /home/ana/x\npython train.py > ~/log.txt\n",
    )
    assert patient.places("absolute-path") == [
        ("MLproject:4:7", "'/home/ana/wine.csv' is the default of 'data'"),
        ("MLproject:6:50", "'/Users/ana/out' in a command"),
    ]
    assert patient.places("home-path") == [
        ("MLproject:6:73", "'$HOME/.cache/x' in a command"),
        ("run.sh:3:19", "'~/log.txt' in a command"),
    ]


def test_what_a_list_says_of_the_machine_that_made_it(patient: Patient) -> None:
    patient.have(
        MLproject="python_env: python_env.yaml\nentry_points: {main: {command: 'true'}}\n",
        python_env__yaml="python: '3.11'\ndependencies: [-r requirements.txt]\n",
        requirements__txt="numpy==1.26.4\nsix @ https://example.org/six.whl\n# x @ file:///home/ana/x\n",
    )
    assert patient.places("absolute-path") == []
    patient.have(
        conda__yaml="dependencies:\n- pip:\n  - six @ file:///home/conda/feedstock_root/six/work\n",
        MLproject="conda_env: conda.yaml\nentry_points: {main: {command: 'true'}}\n",
    )
    (patient.folder / "python_env.yaml").unlink()
    assert "environment" in patient.codes() or "missing-path" in patient.codes()


def test_in_a_container_most_places_are_its_own(patient: Patient) -> None:
    patient.have(
        MLproject="""\
            docker_env:
              image: a/b@sha256:abc
              volumes: ["/home/ana/data:/data"]
            entry_points: {main: {command: python train.py --out /data/out}}
        """,
        train__py="open('/data/x.csv'); open('/Users/ana/x.csv')\n",
    )
    assert [place for place, _ in patient.places("absolute-path")] == ["MLproject:3:14", "train.py:1:27"]
