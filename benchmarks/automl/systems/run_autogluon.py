"""AutoGluon as its users run it: presets and a time limit, transcripts as text columns."""

import time

import numpy as np
from autogluon.tabular import TabularPredictor
from common import Task, read_task, stopwatch, write_answer
from sklearn.model_selection import StratifiedGroupKFold

PRESETS = {"autogluon_best": "best_quality", "autogluon_good": "good_quality", "autogluon_grouped": "best_quality"}
FOLDS = 8  # as many as its bagging makes by itself


def main() -> None:
    task = read_task()
    train = task.train.assign(target=task.y.to_numpy())
    if task.system == "autogluon_grouped":
        train["fold"] = folds_of_groups(task)
    groups = "fold" if "fold" in train else None
    predictor = TabularPredictor("target", eval_metric="roc_auc", path="models", groups=groups, verbosity=2)
    with stopwatch() as fit:
        predictor.fit(train, presets=PRESETS[task.system], time_limit=task.seconds, num_cpus=task.cores, num_gpus=0)
    predictor.persist()
    start = time.perf_counter()
    probability = predictor.predict_proba(task.test)[1]
    seconds = time.perf_counter() - start
    best = predictor.model_best
    board = predictor.leaderboard(silent=True).set_index("model")
    believed = float(board.loc[best, "score_val"])
    write_answer(task.test_ids, probability, fit, seconds, "autogluon.tabular", validation_auc=believed)


def folds_of_groups(task: Task) -> np.ndarray:
    """Fold of each training case, whole groups together: each value of AutoGluon's `groups` is left out once."""
    folds = np.zeros(len(task.train), dtype=int)
    splits = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0).split(task.train, task.y, task.groups)
    for number, (_, rows) in enumerate(splits):
        folds[rows] = number
    return folds


if __name__ == "__main__":
    main()
