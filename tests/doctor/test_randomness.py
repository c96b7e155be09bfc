from __future__ import annotations

import pytest

from tests.doctor.patient import Patient


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("import random; random.shuffle([1])", "random.shuffle(), and nothing seeds random"),
        ("import numpy as np; np.random.rand(3)", "numpy.random.rand(), and nothing seeds numpy"),
        ("from numpy.random import randn; randn(3)", "numpy.random.randn(), and nothing seeds numpy"),
        ("import numpy as np; np.random.default_rng()", "default_rng() without a seed"),
        ("import numpy as np; np.random.default_rng(None)", "default_rng() without a seed"),
        ("import random; random.Random()", "Random() without a seed"),
        ("import torch; torch.randn(3)", "torch.randn(), and nothing seeds torch"),
        (
            "from torch import nn, optim; m = nn.Linear(1, 1); optim.SGD(m.parameters())",
            "torch.nn.Linear begins with random weights, and nothing seeds torch",
        ),
        (
            "from torch.utils.data import DataLoader; DataLoader([], shuffle=True)",
            "DataLoader draws an order, and nothing seeds torch",
        ),
        (
            "from tensorflow import keras; m = keras.layers.Dense(3); m.fit()",
            "keras.layers.Dense begins with random weights, and nothing seeds tensorflow",
        ),
        (
            "from sklearn.model_selection import train_test_split as tts; tts([1])",
            "train_test_split without random_state",
        ),
        (
            "from sklearn.ensemble import RandomForestClassifier as F; F(random_state=None)",
            "RandomForestClassifier without random_state",
        ),
        ("from sklearn.model_selection import KFold; KFold(5, shuffle=True)", "KFold without random_state"),
        ("import pandas as pd; df = pd.DataFrame(); df.sample(frac=1)", "sample(frac=…) without random_state"),
    ],
)
def test_what_draws_at_random_without_a_seed(patient: Patient, line: str, what: str) -> None:
    patient.have(train__py=line)
    assert [message for _, message in patient.places("no-seed")] == [what]


@pytest.mark.parametrize(
    "line",
    [
        "import random; random.seed(1); random.shuffle([1])",
        "import numpy as np; np.random.seed(0); np.random.rand(3)",
        "import numpy as np; np.random.default_rng(7)",
        "import numpy as np; np.random.default_rng(seed=args.seed)",
        "import numpy as np; np.random.RandomState(*given)",
        "import torch; torch.manual_seed(0); torch.randn(3)",
        "import torch; torch.randn(3, generator=g)",
        "from torch import nn; nn.Linear(1, 1).eval()",
        "import lightning as L; L.seed_everything(1); import torch; torch.rand(1)",
        "from transformers import Trainer, set_seed; import torch; torch.rand(1); Trainer()",
        "from sklearn.model_selection import train_test_split as tts; tts([1], random_state=seed)",
        "from sklearn.model_selection import train_test_split as tts; tts([1], shuffle=False)",
        "from sklearn.model_selection import train_test_split as tts; tts([1], **options)",
        "import numpy; numpy.random.seed(3); from sklearn.cluster import KMeans; KMeans()",
        "from sklearn.model_selection import KFold; KFold(5)",
        "from sklearn.linear_model import LogisticRegression as L, LinearRegression as M; L(); M()",
        "from sklearn.ensemble import AdaBoostClassifier as A; from sklearn.tree import DecisionTreeClassifier as T;"
        "A(T(max_depth=1), random_state=0)",
        "import jax; jax.random.PRNGKey(0)",
        "from random import Random; Random(4).random()",
        "import random; random.SystemRandom().random()",
        "import random; run = ''.join(random.choice(letters) for _ in range(8))",
        "distribution.sample(); space.sample()",
        "def shuffle(): pass\nshuffle()",
        "'random.random()'",
    ],
)
def test_what_is_repeatable_is_no_finding(patient: Patient, line: str) -> None:
    patient.have(train__py=line)
    assert patient.places("no-seed") == []


def test_a_seed_counts_wherever_the_program_sets_it(patient: Patient) -> None:
    patient.have(
        train__py="from lib.seeds import fix\nimport numpy as np\nfix(3)\nnp.random.rand()\n",
        lib___seeds__py="import numpy\ndef fix(seed): numpy.random.seed(seed)\n",
    )
    assert patient.places("no-seed") == []


def test_a_seed_of_another_program_does_not_count(patient: Patient) -> None:
    patient.have(
        MLproject="entry_points:\n  a: {command: python a.py}\n  b: {command: python b.py}\n",
        a__py="import random\nrandom.seed(1)\nrandom.random()\n",
        b__py="import random\nrandom.random()\n",
    )
    assert [place for place, _ in patient.places("no-seed")] == ["b.py:2:1"]


def test_a_module_is_found_in_what_imports_it(patient: Patient) -> None:
    patient.have(
        MLproject="entry_points:\n  main: {command: cd src && python -m pkg.train}\n",
        src___pkg_____init____py="",
        src___pkg___train__py="from . import data\ndata.draw()\n",
        src___pkg___data__py="import random\ndef draw(): return random.random()\n",
        unused__py="import random\nrandom.random()\n",
    )
    (patient.folder / "src/pkg/__init__.py").touch()
    assert patient.places("no-seed") == [("src/pkg/data.py:2:20", "random.random(), and nothing seeds random")]


def test_what_a_module_does_as_a_script_is_no_part_of_what_imports_it(patient: Patient) -> None:
    demo = "import random\ndef f(): pass\nif __name__ == '__main__':\n    random.random()\n"
    patient.have(train__py="import lib\nlib.f()\n", lib__py=demo)
    assert patient.places("no-seed") == []
    patient.have(train__py=demo)
    assert [place for place, _ in patient.places("no-seed")] == ["train.py:4:5"]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("import random, time; random.seed(int(time.time()))", "the seed comes from time.time()"),
        ("import numpy as np; np.random.seed()", "numpy.random.seed() without a value takes one from the system"),
        ("import os, torch; torch.manual_seed(os.getpid())", "the seed comes from os.getpid()"),
        ("import time; SEED = int(time.time()); fit(random_state=SEED)", "the seed comes from time.time()"),
    ],
)
def test_seeds_from_the_clock(patient: Patient, line: str, what: str) -> None:
    patient.have(train__py=line)
    assert [message for _, message in patient.places("time-seed")] == [what]


def test_the_order_of_a_set(patient: Patient) -> None:
    patient.have(
        train__py="""\
            labels = list(set(y))
            index = {name: i for i, name in enumerate(set(words))}
            sorted_labels = sorted(list(set(y)))
            later = list(set(y))
            later.sort()
            count = len(list(set(y)))
            squares = {x * x for x in set(y)}
            if set(a) == set(b): pass
        """
    )
    assert [place for place, _ in patient.places("hash-order")] == ["train.py:1:15", "train.py:2:43"]
    patient.have(MLproject="entry_points: {main: {command: PYTHONHASHSEED=0 python train.py}}\n")
    assert patient.places("hash-order") == []
