"""Models on disk: what is loaded, and what is refused."""

import numpy as np
import pytest
import skops.io
from models import RICH, assemble
from sklearn.linear_model import LogisticRegression

from nightshift.learners import LEARNERS
from nightshift.model import Model, ModelFiles, load_models, save_models
from nightshift.views import RawData


@pytest.fixture(scope="module")
def model(raw, labels):
    return assemble(RICH, raw, labels)


def test_models_on_disk_predict_the_same(model, raw, tmp_path):
    loaded = {}
    for name, models in model.bases.items():
        save_models(tmp_path / f"{name}.skops", models)
        loaded[name] = load_models(tmp_path / f"{name}.skops")
    again = Model(model.experiment, loaded, model.stacked, model.about)
    np.testing.assert_array_equal(again.predict_logit(raw), model.predict_logit(raw))


@pytest.mark.parametrize(("small", "all_kept"), [(0, False), (1e9, True)])
def test_of_large_models_one_base_is_in_memory_at_a_time(model, raw, tmp_path, monkeypatch, small, all_kept):
    monkeypatch.setattr("nightshift.model._SMALL", small)
    files = {name: tmp_path / f"{name}.skops" for name in model.bases}
    for name, models in model.bases.items():
        save_models(files[name], models)
    sparing = ModelFiles(files)
    again = Model(model.experiment, sparing, model.stacked, model.about)
    np.testing.assert_array_equal(again.predict_logit(raw), model.predict_logit(raw))
    assert (len(sparing), len(sparing._read)) == (len(files), len(files) if all_kept else 1)
    assert len(ModelFiles(files, folds=2)[next(iter(files))]) == 2
    # Among processes by base, or by fold where one base is all that may be in memory.
    for unpacked in (1, 1e12):
        monkeypatch.setattr("nightshift.model._UNPACKED", unpacked)
        shared = Model(model.experiment, ModelFiles(files), model.stacked, model.about)
        np.testing.assert_array_equal(shared.predict_logit(raw, cores=3), model.predict_logit(raw))


def test_a_case_is_predicted_alone_as_in_company(model, raw):
    together = model.predict_logit(raw)
    for row in (0, 7, 50):
        cases = raw.cases.iloc[[row]].reset_index(drop=True)
        turns = raw.turns[raw.turns["case_id"] == cases["case_id"][0]].reset_index(drop=True)
        alone = model.predict_logit(RawData(cases, turns, raw.kinds))
        assert alone[0] == pytest.approx(together[row], rel=1e-5, abs=1e-6)


def test_the_model_ranks_its_own_cases_well(model, raw, labels):
    logits = model.predict_logit(raw)
    assert logits[labels == 1].mean() > logits[labels == 0].mean() + 0.5


def test_a_file_with_another_type_is_refused_not_loaded(tmp_path):
    class Payload(LogisticRegression):
        pass

    Payload.__module__ = "somewhere.else"
    path = tmp_path / "models.skops"
    path.write_bytes(skops.io.dumps([Payload()]))
    with pytest.raises(Exception, match=r"(?i)untrusted|somewhere"):
        load_models(path)


def test_a_pickle_is_refused(tmp_path):
    import pickle

    (tmp_path / "models.skops").write_bytes(pickle.dumps([LEARNERS["logistic"]().build(0)]))
    with pytest.raises(Exception, match="zip"):
        load_models(tmp_path / "models.skops")
