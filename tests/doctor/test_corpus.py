"""The doctor on real projects: what it finds is what their maintainers would agree with, and nothing more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doctor.patient import Patient, show
from tests.project.corpus import needs_corpus, rows
from tests.project.test_corpus import place

pytestmark = needs_corpus

AROUND = frozenset(("no-lock", "unpinned-interpreter"))
"""What is found of files of environments, some of which are stubs in the corpus."""

FOUND = {
    # Images that their names may mean anything by, tomorrow.
    "326-T/mlflow-project-sample/MLproject": {("floating-image", "MLproject:4:10")},
    "G-Morgen/SSAD/mlflow_project/MLproject": {("floating-image", "MLproject:4:12")},
    "LauraDiosan-CS/almoststable-train/MLProject": {("floating-image", "MLProject:8:11")},
    "MikolajPokrywka/ium_s444463/MLProject": {("floating-image", "MLProject:4:10")},
    "RicardoBurboa/MLOps_Fase3/MLproject.yaml": {("floating-image", "MLproject.yaml:4:10")},
    "akinwilson/dmlflow/model/MLproject": {("floating-image", "MLproject:4:12")},
    "delcacho/mlflow-example/MLproject": {("floating-image", "MLproject:4:10")},
    "mlflow/mlflow/examples/docker/MLproject": {("floating-image", "MLproject:4:11")},
    "rapidsai/cloud-ml-examples/mlflow/docker_environment/MLproject": {("floating-image", "MLproject:4:12")},
    "scaleoutsystems/digital-pathology-tutorial/project/MLproject": {("floating-image", "MLproject:4:10")},
    # An image that is built by hand from a Dockerfile, `FROM continuumio/miniconda3`.
    "PacktPublishing/Machine-Learning-Engineering-with-MLflow/Chapter01/stockpred/MLproject": {
        ("floating-image", "Dockerfile:1:6"),
        ("local-image", "MLproject:4:11"),
    },
    # Folders of one machine: mounted, a default, in a command; of one person.
    "admoyes/MCAE/src/MLproject": {("absolute-path", "MLproject:5:10"), ("floating-image", "MLproject:3:12")},
    "tsugumi-sys/crypto_model/train/MLproject": {("absolute-path", f"MLproject:{line}:13") for line in (7, 8, 9)},
    "BU-DEPEND-Lab/TrojAI-Submissions/MLProject": {("absolute-path", "MLProject:15:34")},
    "AdityaNG/ML_Ops_Pipeline/MLproject": {("home-path", "MLproject:7:53")},
    # `curl {uri} | wc -l` ends with 0 where curl fails.
    "mlflow/mlflow/tests/resources/example_project/MLproject": {("pipe-hides-failure", "MLproject:18:15")},
}
"""All that is found in all projects, but for their environments."""

ENVIRONMENTS = {
    # `python: "3.11"`, and requirements that the corpus does not have: nothing that anybody could say.
    "1825Vaishnavi/pii-detection-mlops/MLproject": {},
    "Arun-purakkatt/mlflow01/mlproject": {"no-lock": "the 1 packages that are named are pinned"},
    "amesar/mlflow-examples/python/keras_tf_wine/MLproject": {
        "no-lock": "2 of 8 packages have no exact version: mlflow, "
    },
    "mlflow/mlflow/examples/multistep_workflow/MLproject": {
        "no-lock": "4 of 6 packages have no exact version: pyspark, "
    },
    "mlflow/mlflow/examples/xgboost/xgboost_native/MLproject": {
        "no-lock": "4 of 4 packages have no exact version: mlflow, scikit-learn, matplotlib, xgboost",
        "unpinned-interpreter": "python_env.yaml names no Python",
    },
    "Morsinaldo/water_bottle_mlflow/MLProject": {
        "no-lock": "1 of 6 packages have no exact version: wandb",
        "unpinned-interpreter": "conda.yml names no Python",
    },
    "pedroilidio/ijcnn2024/experiments/MLproject": {"no-lock": "the 39 packages that are named are pinned, and those"},
}


def name(row: dict[str, object]) -> str:
    return f"{row['repo']}/{row['path']}"


def find(name: str) -> dict[str, object]:
    return next(row for row in rows("index") if f"{row['repo']}/{row['path']}" == name)


def test_every_project(patient: Patient) -> None:
    """No crash, no secret where there is none, and each finding one of those that were looked at by hand."""
    found: dict[str, set[tuple[str, str]]] = {}
    for number, row in enumerate(rows("index")):
        one = Patient(place(row, patient.folder / str(number)))
        told = {(each.code, show(each)) for each in one.examine().findings if each.diagnostic is None}
        found[name(row)] = {each for each in told if each[0] not in AROUND}
    assert {project: told for project, told in found.items() if told} == FOUND


@pytest.mark.parametrize("project", ENVIRONMENTS)
def test_what_is_not_exact_in_an_environment(project: str, tmp_path: Path) -> None:
    one = Patient(place(find(project), tmp_path))
    told = {each.code: each.message for each in one.examine().findings if each.code in AROUND}
    assert told.keys() == ENVIRONMENTS[project].keys()
    for code, message in told.items():
        assert message.startswith(ENVIRONMENTS[project][code])
