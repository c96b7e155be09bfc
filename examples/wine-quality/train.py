"""Predict one measurement of a wine from the others with an elastic net."""

import argparse
import json
import os
import pickle
from pathlib import Path

from sklearn.datasets import load_wine
from sklearn.linear_model import ElasticNet
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alpha", type=float, required=True)
    parser.add_argument("--l1-ratio", type=float, required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--seed", type=int, required=True)
    arguments = parser.parse_args()

    wines = load_wine(as_frame=True).data
    features = wines.drop(columns=arguments.target)
    train_x, test_x, train_y, test_y = train_test_split(
        features, wines[arguments.target], test_size=0.25, random_state=arguments.seed
    )
    model = make_pipeline(StandardScaler(), ElasticNet(alpha=arguments.alpha, l1_ratio=arguments.l1_ratio))
    model.fit(train_x, train_y)
    predicted = model.predict(test_x)
    metrics = {
        "rmse": root_mean_squared_error(test_y, predicted),
        "mae": mean_absolute_error(test_y, predicted),
        "r2": r2_score(test_y, predicted),
    }

    # The run's own folder when a runner gives one; the project's otherwise.
    outputs = Path(os.environ.get("REENACT_RUN_DIR", ".")) / "artifacts"
    outputs.mkdir(exist_ok=True)
    (outputs / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n")
    (outputs / "model.pkl").write_bytes(pickle.dumps(model))

    print(f"elastic net for {arguments.target} (alpha={arguments.alpha}, l1_ratio={arguments.l1_ratio})")
    for name, value in metrics.items():
        print(f"  {name:4} {value:.4f}")


if __name__ == "__main__":
    main()
