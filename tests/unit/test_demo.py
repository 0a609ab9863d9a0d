"""The demo: the same every time, sound as data, and it tells its story."""

import hashlib
import io
import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from sklearn.compose import make_column_transformer
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from xgboost import XGBClassifier

from nightshift import demo
from nightshift.demo import book, latent, signals, topics
from nightshift.errors import InputError

NUMBERS = ["amount", "seats", "days_in_stage", "stakeholders", "discount_percent", "emails_sent", "meetings"]
NUMBERS += ["website_visits", "nps", "company_size"]
RHYTHM = ["share", "trend", "asks", "pause", "turns"]
CATEGORIES = ["industry", "region", "lead_source", "plan", "sales_rep"]


@pytest.fixture(scope="module")
def shipped() -> demo.Demo:
    return demo.generate()


@pytest.fixture(scope="module")
def customers_words(shipped) -> np.ndarray:
    """Log-odds by what customers say, by models that have not seen the deal."""
    won = shipped.cases["won"].to_numpy()
    return _out_of_fold(_logistic_on_words(), _said(shipped, ["customer"]), won, _folds(shipped))


def digest(folder) -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())]


def test_the_same_seed_writes_the_same_bytes(tmp_path):
    for name, seed in (("one", 3), ("same", 3), ("other", 4)):
        demo.write(tmp_path / name, 150, seed)
    assert digest(tmp_path / "one") == digest(tmp_path / "same")
    assert not set(digest(tmp_path / "one")) & set(digest(tmp_path / "other"))
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["README.md", "cases.csv", "transcripts.jsonl"]


def test_what_is_written_is_what_is_generated_over_several_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "_CHUNK", 90)
    best = demo.write(tmp_path, 200, 1)
    made = demo.generate(200, 1)
    cases = pd.read_csv(tmp_path / "cases.csv", keep_default_na=False, dtype=str)
    expected = pd.read_csv(io.StringIO(made.cases.to_csv(index=False)), keep_default_na=False, dtype=str)
    pd.testing.assert_frame_equal(cases, expected)
    lines = [json.loads(line) for line in (tmp_path / "transcripts.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines == made.turns.to_dict("records")
    assert best == made.bayes_auc
    assert f"{best:.4f}" in (tmp_path / "README.md").read_text(encoding="utf-8")
    assert cases["deal_id"].is_unique and cases["account"].nunique() == 67


@pytest.mark.parametrize(("n", "seed", "named"), [(99, 0, "demo.n"), (1_000_001, 0, "demo.n"), (100, -1, "demo.seed")])
def test_numbers_out_of_range_are_refused_before_anything_is_written(tmp_path, n, seed, named):
    with pytest.raises(InputError, match=named):
        demo.write(tmp_path / "demo", n, seed)
    assert not (tmp_path / "demo").exists() or not list((tmp_path / "demo").iterdir())


def test_the_smallest_demo_has_everything():
    small = demo.generate(100, 7)
    assert len(small.cases) == len(small.probability) == 100
    assert small.cases["account"].nunique() == 34
    assert set(small.cases["won"]) == {0, 1}
    assert set(small.turns["case_id"]) < set(small.cases["deal_id"])


def test_columns_look_like_a_crm(shipped):
    cases = shipped.cases
    assert list(cases)[:3] == ["deal_id", "account", "created"] and list(cases)[-1] == "won"
    assert len(cases) == 1200 and cases["deal_id"].is_unique
    assert cases["account"].value_counts().eq(3).all()
    assert 0.3 < cases["won"].mean() < 0.6
    assert set(NUMBERS + CATEGORIES + ["next_step_date", "notes"]) < set(cases)
    for column in NUMBERS:
        assert pd.to_numeric(cases[column]).notna().mean() > 0.4
    assert pd.to_datetime(cases["created"]).notna().all()
    for column in ("stakeholders", "discount_percent", "nps", "region", "lead_source", "next_step_date"):
        assert cases[column].isna().any()
    assert cases["industry"].value_counts(normalize=True).min() < 0.03
    assert cases.groupby("account")[["industry", "company_size"]].nunique().eq(1).all(axis=None)


def test_calls_look_like_calls(shipped):
    turns = shipped.turns
    assert list(turns) == ["case_id", "call", "turn", "speaker", "text", "start", "end", "time"]
    calls = turns.groupby(["case_id", "call"], sort=False)
    assert calls.size().between(10, 25).all()
    assert set(turns["speaker"]) == {"rep", "customer"}
    assert (turns["turn"] == calls.cumcount()).all()
    a_deal = turns.groupby("case_id")["call"].nunique().reindex(shipped.cases["deal_id"]).fillna(0)
    assert set(a_deal) == {0, 1, 2, 3, 4}
    assert turns["text"].str.fullmatch(r"[A-Z0-9][^{}\n]*[.?]").all()
    assert not turns["text"].str.contains("  ").any()
    created = shipped.cases.set_index("deal_id")["created"].loc[turns["case_id"]].to_numpy()
    assert (pd.to_datetime(turns["time"]).to_numpy() > pd.to_datetime(created).to_numpy()).all()
    several = calls["time"].first().groupby(level=0)
    assert several.apply(lambda times: times.is_monotonic_increasing and times.is_unique).all()


def test_times_in_a_call_are_plausible(shipped):
    turns = shipped.turns
    calls = turns.groupby(["case_id", "call"], sort=False)
    assert (turns["end"] > turns["start"]).all()
    assert calls["start"].first().eq(0).all()
    assert (calls[["start", "end"]].diff().dropna() > 0).all(axis=None)
    gaps = (turns["start"] - calls["end"].shift()).dropna()
    assert 0.05 < (gaps < 0).mean() < 0.3
    assert (gaps > 2).any()
    pace = turns["text"].str.split().str.len() / (turns["end"] - turns["start"])
    assert pace.between(0.7, 5).all()


def test_sentences_are_told_apart_by_casts_and_free_of_gaps():
    made = book.book()
    assert len({tuple(row) for row in made.text}) == book.CASTS
    assert (made.text[:, -1] == "").all()
    assert all(sentence and "{" not in sentence for sentence in made.clause[:, :-1].ravel())
    assert {len(lists) for lists in topics.TOPICS.values()} == {len(topics.KINDS)}


def test_the_chance_is_made_of_what_is_in_the_files():
    rng = np.random.default_rng(5)
    account = np.arange(6000) // 3
    cast = np.zeros(6000, dtype=int)
    turns = demo.draw_turns(latent.draw_levers(account, rng), cast, rng)
    shown = signals.measure(turns, 6000)
    has_calls = np.bincount(turns.deal, minlength=6000) > 0
    for values in (*shown.values(), signals.balance(shown["talk"])):
        values = values[has_calls]
        assert abs(values.mean()) < 0.1 and values.std() == pytest.approx(1, abs=0.1)
    assert not any(values[~has_calls].any() for values in shown.values())
    assert {*shown, "crm", "balance", "account"} - {"talk"} == set(latent.WEIGHTS)


def test_the_best_auc_is_that_of_the_chances(shipped):
    assert 0.68 < shipped.bayes_auc < 0.72
    rng = np.random.default_rng(0)
    chances = rng.beta(2, 3, 300)
    drawn = [roc_auc_score(rng.random(300) < chances, chances) for _ in range(600)]
    assert latent.best_auc(chances) == pytest.approx(np.mean(drawn), abs=0.004)
    won = rng.random(300) < chances
    assert latent.auc(won, np.round(chances, 1)) == pytest.approx(roc_auc_score(won, np.round(chances, 1)))
    assert np.corrcoef(shipped.cases["won"], shipped.probability)[0, 1] > 0.2


def test_separate_models_under_a_stack_beat_one_xgboost(shipped, customers_words):
    won, folds = shipped.cases["won"].to_numpy(), _folds(shipped)
    table, rhythm = _table(shipped), _dynamics(shipped)
    bases = [
        _out_of_fold(_logistic_on_table(), table, won, folds),
        customers_words,
        _out_of_fold(_trees_on_numbers(), rhythm, won, folds),
    ]
    everything = pd.concat([table, rhythm, _said(shipped, ["rep", "customer"]).rename("text")], axis=1)
    single = _score(_out_of_fold(_one_xgboost(), everything, won, folds), won, folds)
    stack = _score(_out_of_fold(LogisticRegression(C=0.1), _side_by_side(bases), won, folds), won, folds)
    assert _score(bases[1], won, folds) > 0.54
    assert stack > single + 0.02
    assert 0.59 < stack < shipped.bayes_auc


def test_what_the_rep_says_means_little(shipped, customers_words):
    won, folds = shipped.cases["won"].to_numpy(), _folds(shipped)
    rep = _out_of_fold(_logistic_on_words(), _said(shipped, ["rep"]), won, folds)
    assert _score(rep, won, folds) < _score(customers_words, won, folds) - 0.02


def _folds(made: demo.Demo) -> np.ndarray:
    folds = np.empty(len(made.cases), dtype=int)
    splitter = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    for fold, (_, held) in enumerate(splitter.split(folds, made.cases["won"], made.cases["account"])):
        folds[held] = fold
    return folds


def _out_of_fold(model, features, won, folds) -> np.ndarray:
    rows, out = np.arange(len(won)), np.zeros(len(won))
    for fold in range(5):
        train, held = rows[folds != fold], rows[folds == fold]
        model.fit(features.iloc[train], won[train])
        out[held] = logit(np.clip(model.predict_proba(features.iloc[held])[:, 1], 1e-4, 1 - 1e-4))
    return out


def _score(scores, won, folds) -> float:
    return float(np.mean([roc_auc_score(won[folds == fold], scores[folds == fold]) for fold in range(5)]))


def _side_by_side(columns: list[np.ndarray]) -> pd.DataFrame:
    frame = pd.DataFrame(dict(enumerate(columns)))
    return (frame - frame.mean()) / frame.std()


def _logistic_on_table():
    encode = make_column_transformer(
        (make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), [*NUMBERS, "days_to_step"]),
        (OneHotEncoder(min_frequency=5, handle_unknown="infrequent_if_exist"), CATEGORIES),
    )
    return make_pipeline(encode, LogisticRegression(C=0.03, max_iter=1000))


def _logistic_on_words():
    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True), LogisticRegression(C=0.5, max_iter=1000)
    )


def _trees_on_numbers():
    trees = ExtraTreesClassifier(150, min_samples_leaf=8, max_features=0.4, random_state=0)
    return make_pipeline(SimpleImputer(add_indicator=True), trees)


def _one_xgboost():
    """What most people would have: all columns and all words in one model. Few bins, to be quick."""
    encode = make_column_transformer(
        ("passthrough", [*NUMBERS, "days_to_step", *RHYTHM]),
        (OneHotEncoder(min_frequency=5, handle_unknown="infrequent_if_exist"), CATEGORIES),
        (TfidfVectorizer(ngram_range=(1, 2), min_df=3, max_features=600), "text"),
        sparse_threshold=0,
    )
    return make_pipeline(
        encode,
        XGBClassifier(
            n_estimators=200,
            max_depth=4,
            learning_rate=0.07,
            subsample=0.8,
            colsample_bytree=0.5,
            max_bin=32,
            n_jobs=1,
            random_state=0,
        ),
    )


def _table(made: demo.Demo) -> pd.DataFrame:
    table = made.cases[NUMBERS].apply(pd.to_numeric).astype(float)
    steps = pd.to_datetime(made.cases["next_step_date"]) - pd.to_datetime(made.cases["created"])
    table["days_to_step"] = steps.dt.days
    return table.join(made.cases[CATEGORIES].fillna("missing").astype(str))


def _said(made: demo.Demo, speakers: list[str]) -> pd.Series:
    turns = made.turns[made.turns["speaker"].isin(speakers)]
    texts = turns.groupby("case_id")["text"].agg(" ".join)
    return texts.reindex(made.cases["deal_id"]).fillna("").reset_index(drop=True)


def _dynamics(made: demo.Demo) -> pd.DataFrame:
    turns = made.turns.assign(words=made.turns["text"].str.split().str.len(), asks=made.turns["text"].str.count(r"\?"))
    turns["gap"] = turns["start"] - turns.groupby(["case_id", "call"])["end"].shift()
    turns["place"] = turns["turn"] / turns.groupby(["case_id", "call"])["turn"].transform("size")
    customer = turns[turns["speaker"] == "customer"]

    def share(part: pd.Series) -> pd.Series:
        words = turns["words"].where(part, 0)
        return words[customer.index].groupby(customer["case_id"]).sum() / words.groupby(turns["case_id"]).sum()

    late, early = turns["place"] >= 2 / 3, turns["place"] < 1 / 3
    features = {
        "share": share(turns["place"] >= 0),
        "trend": share(late) - share(early),
        "asks": customer.groupby("case_id")["asks"].mean(),
        "pause": customer.groupby("case_id")["gap"].mean(),
        "turns": turns.groupby("case_id").size(),
    }
    assert list(features) == RHYTHM
    return pd.DataFrame(features).reindex(made.cases["deal_id"]).astype(float).reset_index(drop=True)
