"""One XGBoost on everything: what most people would have."""

import time

from common import read_task, stopwatch, write_answer
from plain import encoder
from sklearn.model_selection import StratifiedGroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline


def main() -> None:
    from xgboost import XGBClassifier

    task = read_task()
    learner = XGBClassifier(
        n_estimators=200, max_depth=4, learning_rate=0.05, subsample=0.8, colsample_bytree=0.5, n_jobs=task.cores
    )
    model = make_pipeline(encoder(task), learner)
    # What its user would believe of it: folds whole groups together, outside of the time that it takes.
    folds = StratifiedGroupKFold(5) if task.groups is not None else 5
    scored = cross_val_score(model, task.train, task.y, groups=task.groups, scoring="roc_auc", cv=folds)
    with stopwatch() as fit:
        model.fit(task.train, task.y)
    start = time.perf_counter()
    probability = model.predict_proba(task.test)[:, 1]
    seconds = time.perf_counter() - start
    believed = float(scored.mean())
    write_answer(task.test_ids, probability, fit, seconds, "xgboost", "scikit-learn", validation_auc=believed)


if __name__ == "__main__":
    main()
