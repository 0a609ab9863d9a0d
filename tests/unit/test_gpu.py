"""Learner xgboost on a GPU: where there is one it trains there and predicts anywhere, where there is none it says so."""

import json

import numpy as np
import pytest

from gpus import has_gpu
from nightshift.contain import attempt
from nightshift.learners import LEARNERS
from nightshift.limits import Limits
from nightshift.model import load_models, save_models


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 5)).astype(np.float32)
    return x, (x[:, 0] + 0.3 * rng.normal(size=300) > 0).astype(int)


def classifier(device="cuda"):
    return LEARNERS["xgboost"](device=device, n_estimators=20).build(seed=0)


@pytest.mark.skipif(not has_gpu(), reason="no GPU here")
def test_it_trains_on_the_gpu_and_its_model_predicts_on_the_processor(data, tmp_path):
    x, y = data
    trained = classifier().fit(x, y)
    save_models(tmp_path / "models.skops", [trained])
    (loaded,) = load_models(tmp_path / "models.skops")
    config = json.loads(loaded.get_booster().save_config())
    assert config["learner"]["generic_param"]["device"] == "cpu" and loaded.get_params()["device"] == "cpu"
    np.testing.assert_allclose(loaded.predict_proba(x), trained.predict_proba(x), atol=1e-6)
    np.testing.assert_allclose(loaded.predict_proba(x), classifier("cpu").fit(x, y).predict_proba(x), atol=0.2)


@pytest.mark.skipif(has_gpu(), reason="a GPU is here")
@pytest.mark.filterwarnings("ignore:.*GPU.*:UserWarning")
def test_without_a_gpu_it_fails_for_this_run_only(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed = attempt(lambda: classifier().fit(*data) and None, Limits(60)).failure
    assert failed.kind == "device" and failed.environment
    assert "found no GPU here" in failed.reason and "device: cpu" in failed.reason


def test_it_is_never_drawn():
    import optuna

    drawn = LEARNERS["xgboost"].suggest(
        optuna.trial.FixedTrial(
            dict(
                n_estimators=50,
                max_depth=2,
                learning_rate=0.1,
                min_child_weight=1,
                subsample=1,
                colsample=1,
                reg_lambda=1,
            )
        ),
        "",
    )
    assert drawn.device == "cpu"
