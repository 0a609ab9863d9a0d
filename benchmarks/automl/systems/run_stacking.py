"""scikit-learn's StackingClassifier over four learners, each on everything: a good notebook."""

import time

from common import read_task, stopwatch, write_answer
from plain import encoder
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from xgboost import XGBClassifier


def main() -> None:
    task = read_task()
    bases = [
        ("logistic", LogisticRegression(C=0.1, max_iter=2000)),
        ("trees", ExtraTreesClassifier(400, min_samples_leaf=3, random_state=0)),
        ("boosting", HistGradientBoostingClassifier(learning_rate=0.05, random_state=0)),
        ("xgboost", XGBClassifier(n_estimators=200, max_depth=4, learning_rate=0.05, subsample=0.8, n_jobs=1)),
        ("svm", SVC(C=1.0, random_state=0)),
    ]
    stack = make_pipeline(encoder(task), StackingClassifier(bases, LogisticRegression(), cv=5, n_jobs=task.cores))
    # What its user would believe of it: folds whole groups together, outside of the time that it takes.
    folds = StratifiedGroupKFold(5) if task.groups is not None else 5
    scored = cross_val_score(stack, task.train, task.y, groups=task.groups, scoring="roc_auc", cv=folds)
    with stopwatch() as fit:
        stack.fit(task.train, task.y)
    start = time.perf_counter()
    probability = stack.predict_proba(task.test)[:, 1]
    seconds = time.perf_counter() - start
    believed = float(scored.mean())
    write_answer(task.test_ids, probability, fit, seconds, "scikit-learn", "xgboost", validation_auc=believed)


if __name__ == "__main__":
    main()
