"""AutoGluon as its users run it: presets and a time limit, transcripts as text columns."""

import time

from autogluon.tabular import TabularPredictor
from common import read_task, stopwatch, write_answer

PRESETS = {"autogluon_best": "best_quality", "autogluon_good": "good_quality"}


def main() -> None:
    task = read_task()
    train = task.train.assign(target=task.y.to_numpy())
    predictor = TabularPredictor("target", eval_metric="roc_auc", path="models", verbosity=2)
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


if __name__ == "__main__":
    main()
