"""FLAML with its stacked ensemble, on table columns and TF-IDF reduced by SVD."""

import time

from common import read_task, stopwatch, write_answer
from flaml import AutoML
from plain import encoder


def main() -> None:
    task = read_task()
    encode, automl = encoder(task), AutoML()
    options = {"task": "classification", "metric": "roc_auc", "ensemble": True, "n_jobs": task.cores, "seed": 0}
    with stopwatch() as fit:
        train = encode.fit_transform(task.train, task.y)
        automl.fit(train, task.y.to_numpy(), time_budget=task.seconds, verbose=1, **options)
    start = time.perf_counter()
    probability = automl.predict_proba(encode.transform(task.test))[:, 1]
    seconds = time.perf_counter() - start
    believed = 1 - automl.best_loss
    write_answer(task.test_ids, probability, fit, seconds, "flaml", "lightgbm", "xgboost", validation_auc=believed)


if __name__ == "__main__":
    main()
