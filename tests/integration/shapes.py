"""Twenty small projects of the shapes that real ones have, each with what its run writes out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from tests.environments.conda.channel import index_channel, make_module_recipe, make_python_recipe, write_package
from tests.environments.conftest import make_wheel
from tests.sources.repositories import commit, git, write

UV = str(Path(sys.executable).with_name("uv"))
Need = Literal["index", "engine", "conda"]
IMAGE = f"reenact-test-shape:{os.getpid()}"
"""The image that one of them runs in."""


class Shape(NamedTuple):
    """A project: its files, what else is done to its folder, how it is run and where its results are.

    ``prepare`` is given the folder, and gives the URI to run where that is not the folder itself. ``results`` are paths
    that have to be among what is judged. ``{aside}`` in ``options`` is a folder beside the project's.
    """

    files: Mapping[str, str]
    options: tuple[str, ...] = ()
    results: tuple[str, ...] = ("result.txt",)
    prepare: Callable[[Path], str | None] = lambda folder: None
    needs: tuple[Need, ...] = ()
    environ: Mapping[str, str] = {}
    verdict: str = "identical"


def _declare(command: str, *, outputs: str = "[result.txt]", environment: str = "", more: str = "") -> str:
    """An MLproject with one entry point."""
    return f"name: shape\n{environment}entry_points:\n  main:\n    outputs: {outputs}\n{more}    command: {command}\n"


WRITE = "import sys\nopen('result.txt', 'w').write(' '.join(sys.argv[1:]) + '\\n')\n"
ARTIFACT = "import os, sys, pathlib\npathlib.Path(os.environ['REENACT_RUN_DIR'], 'artifacts', 'r.txt').write_text({})\n"

ELASTIC_NET = """\
import argparse, csv, json

import numpy as np
from sklearn.linear_model import ElasticNet
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--alpha", type=float)
parser.add_argument("--l1-ratio", type=float)
given = parser.parse_args()
rows = np.array([[float(x) for x in row] for row in csv.reader(open("wine.csv"))])
train, test = train_test_split(rows, random_state=42)
model = ElasticNet(alpha=given.alpha, l1_ratio=given.l1_ratio, random_state=42).fit(train[:, :-1], train[:, -1])
predicted = model.predict(test[:, :-1])
np.save("predicted.npy", predicted)
rmse = float(mean_squared_error(test[:, -1], predicted) ** 0.5)
json.dump({"rmse": rmse, "coefficients": len(model.coef_)}, open("metrics.json", "w"))
"""
WINE = "".join(f"{a},{(a * 7) % 11},{(a * a) % 13},{3 * a + (a * 7) % 11}\n" for a in range(60))

PICTURE = """\
import struct, zlib
def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
rows = b"".join(b"\\0" + bytes((x * y) % 256 for x in range(32)) for y in range(32))
head = struct.pack(">IIBBBBB", 32, 32, 8, 0, 0, 0, 0)
with open("map.png", "wb") as file:
    parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    file.write(b"\\x89PNG\\r\\n\\x1a\\n" + b"".join(parts))
"""


ALPHA = "    parameters:\n      alpha: {type: float, default: 0.5}\n"
PYPROJECT = "[project]\nname = 'p'\nversion = '0'\nrequires-python = '>=3.11'\ndependencies = ['six']\n"

BACKEND = """\
import zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    name, info = "job-1-py3-none-any.whl", "job-1.dist-info"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as archive:
        archive.write("job.py")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: job\\nVersion: 1\\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr(f"{info}/RECORD", f"job.py,,\\n{info}/METADATA,,\\n{info}/WHEEL,,\\n{info}/RECORD,,\\n")
    return name
"""


def _make_repository(folder: Path) -> None:
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, {})


def _make_dirty(folder: Path) -> None:
    write(folder, {"old.py": "word = 'gone'\n", "kept.py": "word = 'committed'\n"})
    _make_repository(folder)
    (folder / "old.py").unlink()
    write(
        folder,
        {"kept.py": "word = 'changed'\n", "fresh/module.py": "word = 'untracked'\n", "tool.sh": "#!/bin/sh\necho x\n"},
    )
    (folder / "tool.sh").chmod(0o755)
    (folder / "weights.bin").write_bytes(bytes(range(256)))
    (folder / "link.bin").symlink_to("weights.bin")


def _make_submodule(folder: Path) -> None:
    library = folder.parent / "library"
    library.mkdir()
    write(library, {"area.py": "def area(a, b):\n    return a * b\n"})
    _make_repository(library)
    _make_repository(folder)
    git(folder, "-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(library), "library")
    commit(folder, {})
    shutil.rmtree(library)


def _make_remote(folder: Path) -> str:
    _make_repository(folder)
    git(folder, "tag", "v1")
    commit(folder, {"train.py": "raise SystemExit('a later version')\n"})
    bare = folder.parent / "served.git"
    git(folder, "clone", "--quiet", "--bare", str(folder), str(bare))
    shutil.rmtree(folder)
    return f"git+file://{bare}"


def _make_archive(folder: Path) -> str:
    path = folder.parent / "project.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, f"project-1.0/{file.relative_to(folder)}")
    shutil.rmtree(folder)
    return str(path)


def _make_subdirectory(folder: Path) -> str:
    _make_repository(folder)
    return f"{folder}#jobs/train"


def _make_uv_lock(folder: Path) -> None:
    subprocess.run((UV, "lock", "--quiet", "--project", str(folder)), check=True, env=_plain_environ())


def _make_pylock(folder: Path) -> None:
    _make_uv_lock(folder)
    lock = (UV, "export", "--quiet", "--no-emit-project", "--format", "pylock.toml", "--project", str(folder))
    text = subprocess.run(lock, check=True, capture_output=True, env=_plain_environ()).stdout
    for name in ("uv.lock", "pyproject.toml"):
        (folder / name).unlink()
    (folder / "pylock.toml").write_bytes(text)


def _make_wheels(folder: Path) -> None:
    (folder / "wheels").mkdir()
    make_wheel(folder / "wheels", "tiny", "1.0")
    make_wheel(folder / "wheels", "needy", "1.0", requires=("tiny",))


def _make_channel(folder: Path) -> None:
    channel = folder.parent / "channel"
    write_package(channel, make_python_recipe())
    write_package(channel, make_module_recipe("measured", "1.0", "def area(a, b):\n    return a * b\n"))
    index_channel(channel)
    text = (folder / "conda.yaml").read_text()
    (folder / "conda.yaml").write_text(text.replace("CHANNEL", channel.as_uri()))


def _make_data(folder: Path) -> None:
    write(folder, {f"data/{part}/{number}.csv": f"{number}\n" * 500 for number in range(12) for part in "abc"})


def _make_large(folder: Path) -> None:
    _make_repository(folder)
    write(folder, {".gitignore": "data/\n"})
    (folder / "data").mkdir()
    (folder / "data" / "big.bin").write_bytes(bytes(range(256)) * 300)


def _make_aside(folder: Path) -> None:
    (folder.parent / "aside").mkdir()
    write(folder.parent / "aside", {"wine.csv": WINE})


def _plain_environ() -> dict[str, str]:
    hostile = ("PIP_", "UV_", "VIRTUAL_ENV")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(hostile)}
    return {**environ, "PATH": f"{Path(sys.executable).parent}:{environ['PATH']}"}


PROJECTS: dict[str, Shape] = {
    "a script and nothing else": Shape(
        {"train.py": ARTIFACT.format("'six times seven'")}, results=("artifacts/r.txt",)
    ),
    "sklearn elastic net": Shape(
        {
            "MLproject": _declare(
                "python train.py --alpha {alpha} --l1-ratio {l1_ratio}",
                outputs="[predicted.npy]",
                environment="python_env: python_env.yaml\n",
                more=f"    metrics: [metrics.json]\n{ALPHA}      l1_ratio: float\n",
            ),
            "python_env.yaml": "python: '>=3.11'\ndependencies: [scikit-learn, numpy]\n",
            "train.py": ELASTIC_NET,
            "wine.csv": WINE,
        },
        ("-P", "l1_ratio=0.1"),
        ("predicted.npy",),
        needs=("index",),
    ),
    "requirements beside a script": Shape(
        {"main.py": "import six\n" + ARTIFACT.format("str(six.PY3)"), "requirements.txt": "six==1.16.0\n"},
        results=("artifacts/r.txt",),
        needs=("index",),
    ),
    "wheels in the project": Shape(
        {
            "MLproject": _declare("python train.py", environment="python_env: python_env.yaml\n"),
            "python_env.yaml": "dependencies: [--no-index, --find-links wheels, needy]\n",
            "train.py": "import needy, tiny\nopen('result.txt', 'w').write(needy.version + tiny.version)\n",
        },
        prepare=_make_wheels,
    ),
    "a package of its own": Shape(
        {
            "MLproject": _declare("python -m job", environment="python_env: python_env.yaml\n"),
            "python_env.yaml": "dependencies: [./job]\n",
            "job/pyproject.toml": "[project]\nname = 'job'\nversion = '1'\n[build-system]\nrequires = []\n"
            "build-backend = 'backend'\nbackend-path = ['.']\n",
            "job/backend.py": BACKEND,
            "job/job.py": "open('result.txt', 'w').write('from a package')\n",
        },
    ),
    "uv project": Shape(
        {
            "MLproject": _declare("python train.py"),
            "pyproject.toml": PYPROJECT,
            "train.py": "import six\nopen('result.txt', 'w').write(six.__version__)\n",
        },
        prepare=_make_uv_lock,
        needs=("index",),
    ),
    "pylock.toml": Shape(
        {
            "MLproject": _declare("python train.py"),
            "pyproject.toml": PYPROJECT,
            "train.py": "import six\nopen('result.txt', 'w').write(six.__version__)\n",
        },
        prepare=_make_pylock,
        needs=("index",),
    ),
    "script with a header": Shape(
        {
            "fit.py": "# /// script\n# requires-python = '>=3.11'\n# dependencies = ['six']\n# ///\nimport six\n"
            + ARTIFACT.format("six.__version__"),
            "requirements.txt": "no-such-package\n",
        },
        ("-e", "fit.py"),
        ("artifacts/r.txt",),
        needs=("index",),
    ),
    "conda file that uv serves": Shape(
        {
            "MLproject": _declare("python train.py {alpha}", environment="conda_env: conda.yaml\n", more=ALPHA),
            "conda.yaml": "channels: [conda-forge]\ndependencies: [pip, {pip: [six==1.16.0]}]\n",
            "train.py": "import six\n" + WRITE,
        },
        ("-P", "alpha=0.1"),
        needs=("index",),
    ),
    "conda channel": Shape(
        {
            "MLproject": _declare("python train.py", environment="conda_env: conda.yaml\n"),
            "conda.yaml": "channels: [CHANNEL]\ndependencies: [python, measured]\nvariables: {UNIT: metre}\n",
            "train.py": "import measured, os\n"
            "open('result.txt', 'w').write(str(measured.area(2, 3)) + os.environ['UNIT'])\n",
        },
        ("--env-manager", "conda"),
        prepare=_make_channel,
        needs=("conda",),
    ),
    "container": Shape(
        {
            "MLproject": _declare("python train.py", environment=f"docker_env: {{image: '{IMAGE}'}}\n"),
            "train.py": WRITE,
        },
        needs=("engine",),
    ),
    "shell entry point": Shape(
        {
            "main.sh": 'set -e\nsort -n numbers.txt | tail -n 3 > "$REENACT_RUN_DIR/artifacts/top.txt"\n',
            "numbers.txt": "3\n11\n2\n40\n",
        },
        results=("artifacts/top.txt",),
    ),
    "steps one after the other": Shape(
        {
            "MLproject": _declare(
                ">\n      python prepare.py && python fit.py {epochs}",
                outputs="[clean.csv, 'models/*.json']",
                more="    parameters: {epochs: {type: int, default: 3}}\n",
            ),
            "prepare.py": "open('clean.csv', 'w').write('a,b\\n1,2.5\\n')\n",
            "fit.py": "import json, os, sys\nos.makedirs('models', exist_ok=True)\nfor n in range(int(sys.argv[1])):\n"
            "    json.dump({'epoch': n, 'loss': 1 / (n + 1)}, open(f'models/{n}.json', 'w'))\n",
        },
        results=("clean.csv", "models/0.json", "models/2.json"),
    ),
    "submodule": Shape(
        {
            "MLproject": _declare("python train.py"),
            "train.py": "import sys\nsys.path.insert(0, 'library')\nfrom area import area\n"
            "open('result.txt', 'w').write(str(area(6, 7)))\n",
        },
        prepare=_make_submodule,
    ),
    "dirty tree": Shape(
        {
            "MLproject": _declare("./tool.sh && python train.py"),
            "train.py": "import hashlib, os, kept\nfrom fresh.module import word\n"
            "digest = hashlib.sha256(open('link.bin', 'rb').read()).hexdigest()\n"
            "open('result.txt', 'w').write(f'{kept.word} {word} {digest} {os.path.exists(\"old.py\")}')\n",
        },
        prepare=_make_dirty,
    ),
    "large input beside the code": Shape(
        {
            "MLproject": _declare("python train.py", more="    inputs: [data/big.bin]\n"),
            "train.py": "import hashlib\ndata = open('data/big.bin', 'rb').read()\n"
            "open('result.txt', 'w').write(hashlib.sha256(data).hexdigest())\n",
        },
        prepare=_make_large,
        environ={"REENACT_SIZE_LIMIT": "64K"},
    ),
    "folder of data beside the code": Shape(
        {
            "MLproject": _declare("python train.py"),
            "train.py": "import pathlib\nfiles = sorted(pathlib.Path('data').rglob('*.csv'))\n"
            "open('result.txt', 'w').write(''.join(f'{each} {len(each.read_text())}\\n' for each in files))\n",
        },
        prepare=_make_data,
        environ={"REENACT_SIZE_LIMIT": "2K"},
    ),
    "input from elsewhere": Shape(
        {
            "MLproject": _declare("python train.py {data}", more="    parameters: {data: path}\n"),
            "train.py": "import sys\nopen('result.txt', 'w').write(str(len(open(sys.argv[1]).read())))\n",
        },
        ("-P", "data={aside}/wine.csv"),
        prepare=_make_aside,
    ),
    "tag of a repository": Shape(
        {"MLproject": _declare("python train.py"), "train.py": WRITE}, ("-v", "v1"), prepare=_make_remote
    ),
    "archive": Shape({"MLproject": _declare("python train.py a 'b c'"), "train.py": WRITE}, prepare=_make_archive),
    "subdirectory that uses what is around it": Shape(
        {
            "jobs/train/MLproject": _declare("python train.py"),
            "jobs/train/train.py": "import sys\nsys.path.insert(0, '../..')\nfrom shared.words import word\n"
            "open('result.txt', 'w').write(word)\n",
            "shared/words.py": "word = 'shared'\n",
        },
        prepare=_make_subdirectory,
    ),
    "metrics with a tolerance": Shape(
        {
            "MLproject": _declare(
                "python train.py",
                outputs="[]",
                more="    metrics:\n      - {path: metrics.json, keys: [loss], rtol: 0.01}\n",
            ),
            "train.py": "import json, time\njitter = (time.time_ns() % 1000) * 1e-9\n"
            "json.dump({'loss': 0.5 + jitter, 'seconds': time.time()}, open('metrics.json', 'w'))\n",
        },
        results=(),
        verdict="within tolerance",
    ),
    "picture and odd names": Shape(
        {
            "MLproject": _declare("python 'draw it.py'", outputs="[map.png, 'r\u00e9sultat final.csv']"),
            "draw it.py": PICTURE + "open('r\u00e9sultat final.csv', 'w').write('x,y\\n1,2\\n')\n",
        },
        results=("map.png", "r\u00e9sultat final.csv"),
    ),
    "deterministic": Shape(
        {
            "MLproject": _declare("python train.py"),
            "train.py": "open('result.txt', 'w').write(' '.join({'a', 'b', 'c', 'd', 'e', 'f', 'g'}))\n",
        },
        ("--deterministic",),
    ),
}
"""More than twenty; what this machine lacks is skipped."""
