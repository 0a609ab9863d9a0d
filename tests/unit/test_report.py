"""The report: every section is there whatever the night left, nothing is loaded, nothing strange runs."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from made_up import HOSTILE, a_config, make_night
from samples import make_folds
from sklearn.metrics import roc_auc_score

from nightshift.cli import main
from nightshift.crossfit import cross_fit
from nightshift.data.development import Development
from nightshift.encode import BlocksEncoder
from nightshift.experiment import Experiment
from nightshift.levels import lowered
from nightshift.report import write_report
from nightshift.report.holdout import holdout_curves
from nightshift.report.importance import Opened, importance
from nightshift.report.slices import slices
from nightshift.report.theme import to_svg
from nightshift.report.words import pushing_words
from nightshift.scoring import measure
from nightshift.train import FoldModel, Recipe, train_base
from nightshift.views import VIEWS, Columns

SECTIONS = ("night", "good", "ladder", "made", "matters", "wrong", "all", "data", "cost", "again")
CHARTS = {"curve", "gain", "roc", "calibration", "ladder", "views", "columns", "slices"}


class Page(HTMLParser):
    """What a browser would see: elements, addresses, text outside scripts."""

    def __init__(self, html: str):
        super().__init__()
        self.ids, self.addresses, self.scripts, self.text, self.inside = set(), [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.inside = [*self.inside, tag] if tag in ("script", "style") else self.inside
        attributes = dict(attrs)
        self.ids.add(attributes.get("id"))
        self.scripts += [""] if tag == "script" else []
        self.addresses += [value for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]

    def handle_endtag(self, tag):
        self.inside = self.inside[:-1] if self.inside and self.inside[-1] == tag else self.inside

    def handle_data(self, data):
        if not self.inside:
            self.text.append(data)
        elif self.inside[-1] == "script":
            self.scripts[-1] += data


def page_of(root, n=24) -> tuple[str, Page]:
    write_report(root / "report.html", a_config(n), root)
    html = (root / "report.html").read_text()
    return html, Page(html)


def specs_of(page: Page) -> dict:
    return json.loads(page.scripts[0])


def test_a_finished_night_has_every_section_and_every_chart(tmp_path):
    html, page = page_of(make_night(tmp_path))
    assert set(SECTIONS) <= page.ids
    assert set(specs_of(page)) == CHARTS and {f"chart-{name}" for name in CHARTS} <= page.ids
    text = " ".join("".join(page.text).split())
    assert "There is signal. A gain is not shown." in text
    assert re.search(r"Call the top 10\s% and you reach \d+\s% of the wins", text)
    assert "0123456789abcdef0123456789abcdef01234567" in text and "1 min 30 s" in text
    assert re.search(r"Between jobs, [^:]* passed: [\d.]+ s an experiment", text)
    assert {f"exp-{number:04d}" for number in range(8)} <= page.ids
    assert html.count('role="img"') == len(CHARTS) + 1
    assert "Traceback (most recent call last):\n  RuntimeError" in "".join(page.text)
    assert html.count('<details class="log">') == 1


def test_nothing_is_loaded_from_anywhere(tmp_path):
    html, page = page_of(make_night(tmp_path))
    assert all(address.startswith("#") for address in page.addresses)
    assert "@import" not in html.split("</style>")[0] and "url(" not in html.split("</style>")[0]
    assert "default-src 'none'" in html
    # In the libraries there are names of XML spaces and a link that is switched off; in ours there is no address at all.
    bundle = max(page.scripts, key=len)
    assert not re.search(r"https?://", html.replace(bundle, ""))


def test_hostile_words_are_only_words(tmp_path):
    html, page = page_of(make_night(tmp_path, hypothesis=HOSTILE))
    assert len(page.scripts) == 3 and "<script>alert" not in html.replace(max(page.scripts, key=len), "")
    assert "<b>no words" not in html and "49" not in html.split("alert(")[1][:40]
    assert HOSTILE in "".join(page.text)
    assert any(
        HOSTILE in json.dumps(spec).encode().decode("unicode_escape").replace('\\"', '"')
        for spec in specs_of(page).values()
    )


def test_a_page_is_the_same_from_the_same_files(tmp_path):
    one, again = page_of(make_night(tmp_path))[0], page_of(tmp_path)[0]
    assert one == again


@pytest.mark.parametrize(
    "missing", ["verdict.json", "verdict", "diagnosis.json", "noise", "benchmarks", "data", "night.json"]
)
def test_what_is_not_there_is_left_out(tmp_path, missing):
    make_night(tmp_path)
    (tmp_path / "results" / missing).rename(tmp_path / "elsewhere")
    _, page = page_of(tmp_path)
    assert set(SECTIONS) <= page.ids and "curve" in specs_of(page)
    lost = {"verdict.json": {"ladder", "roc"}, "verdict": {"roc", "gain"}, "diagnosis.json": {"views", "slices"}}
    assert not lost.get(missing, set()) & set(specs_of(page))


def test_one_experiment_and_a_night_that_only_crashed(tmp_path):
    make_night(tmp_path / "one", 1)
    assert "curve" in specs_of(page_of(tmp_path / "one")[1])
    make_night(tmp_path / "crash", 1)
    for gone in ("verdict.json", "diagnosis.json"):
        (tmp_path / "crash/results" / gone).unlink()
    path = tmp_path / "crash/results/experiments/exp-0000/metrics.json"
    row = json.loads(path.read_text()) | {"status": "crash", "cv_auc": None, "champion": None}
    path.write_text(json.dumps(row))
    _, page = page_of(tmp_path / "crash")
    assert set(SECTIONS) <= page.ids and not specs_of(page)
    assert "1 crashed" in "".join(page.text)


def test_a_verdict_of_an_earlier_champion_says_so(tmp_path):
    make_night(tmp_path, 8)
    verdict = tmp_path / "results/verdict.json"
    verdict.write_text(verdict.read_text().replace("exp-0004", "exp-0001"))
    assert "More experiments ran since" in "".join(page_of(tmp_path)[1].text)


def test_a_diagnosis_that_failed_is_a_sentence(tmp_path):
    make_night(tmp_path)
    path = tmp_path / "results/diagnosis.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"importance": {"failed": "ValueError: odd"}}))
    _, page = page_of(tmp_path)
    assert "ValueError: odd" in "".join(page.text) and "slices" in specs_of(page)


def test_a_long_night_is_a_small_page(tmp_path):
    html, page = page_of(
        make_night(tmp_path, 165, "A fairly long hypothesis that says what this should show. " * 3), 165
    )
    assert len(html) < 5e6
    assert len(re.findall(r'<tr role="row" id="exp-', html)) == 165
    names = specs_of(page)["curve"]["layer"][-1]["data"]["values"]
    assert 3 < len(names) < 42


def test_the_main_charts_are_pictures_too(tmp_path):
    make_night(tmp_path)
    write_report(tmp_path / "report.html", a_config(), tmp_path, plots=tmp_path / "plots")
    for name in ("curve", "roc", "gain", "calibration"):
        svg = (tmp_path / f"plots/{name}.svg").read_text()
        assert svg.startswith("<svg") and "var(--" not in svg and len(svg) > 2000
    assert "Words of the customer" in (tmp_path / "plots/curve.svg").read_text()
    assert to_svg(specs_of(page_of(tmp_path)[1])["slices"]).startswith("<svg")


def test_the_command_says_when_there_is_nothing_yet(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "dvc.yaml").touch()
    (tmp_path / "config/config.yaml").write_text("data: {cases: a.csv, id: a, target: b}\n")
    assert main(["report"]) == 1
    assert "no experiment is finished" in capsys.readouterr().err
    make_night(tmp_path, 4)
    assert main(["report", "--out", "here.html"]) == 0
    assert "4 experiments, champion exp-0000" in capsys.readouterr().out
    assert (tmp_path / "here.html").stat().st_size > 500_000


def test_bands_hold_the_curve_and_ties_have_no_order():
    rng = np.random.default_rng(3)
    y, groups = rng.integers(0, 2, 300), np.arange(300) // 3
    scores = y + rng.normal(size=300)
    curves = holdout_curves(y, groups, {"champion": scores, "baseline": np.zeros(300)})
    roc = curves["models"]["champion"]["roc"]
    assert all(point["low"] - 1e-6 <= point["tpr"] <= point["high"] + 1e-6 for point in roc[1:-1])
    assert all(point["tpr"] == pytest.approx(point["fpr"], abs=1e-4) for point in curves["models"]["baseline"]["roc"])
    assert all(
        0 <= point["low"] <= point["observed"] <= point["high"] <= 1
        for point in curves["models"]["champion"]["calibration"]
    )
    area = np.trapezoid([point["tpr"] for point in roc], [point["fpr"] for point in roc])
    assert area == pytest.approx(roc_auc_score(y, scores), abs=0.01)


@pytest.fixture(scope="module")
def opened(raw, labels):
    """Two bases and a stack, trained in memory, opened as a report opens them."""
    experiment = lowered(
        Experiment.model_validate(
            {
                "views": {
                    "table": {"kind": "table"},
                    "words": {"kind": "words", "ngrams": 1},
                    "dynamics": {"kind": "dynamics"},
                },
                "bases": {
                    "words": {"views": ["words"], "learner": {"kind": "logistic"}},
                    "table": {"views": ["table", "dynamics"], "learner": {"kind": "extra_trees", "n_estimators": 30}},
                    "above": {"bases": ["words", "table"], "learner": {"kind": "blend"}},
                },
                "stack": {"method": "logistic"},
            }
        )
    )
    development = Development(raw.cases["case_id"], labels, make_folds(len(labels), 3))
    blocks = {
        name: VIEWS[view.kind].model_validate(view.model_dump()).featurize(raw)
        for name, view in experiment.views.items()
    }
    trained = {}
    for name in experiment.in_order():
        base = experiment.bases[name]
        below = np.stack([trained[other].oof for other in base.bases], axis=1) if base.bases else None
        of = {view: blocks[view] for view in base.views}
        trained[name] = train_base(of, labels, development.folds, Recipe(base.learner), below)
    raw_scores = np.column_stack([trained[name].oof[:, 0] for name in experiment.stack.over])
    keys = {name: list(base.views) for name, base in experiment.bases.items()}
    within = {name: np.ones(len(labels), dtype=bool) for name in keys}
    models = {name: base.models for name, base in trained.items()}
    return Opened(experiment, models, keys, blocks, raw_scores, within, development, 0)


def test_importance_starts_from_the_score_of_the_ledger_and_finds_the_signal(opened):
    from nightshift.report.importance import _folds, _Shuffles

    development = opened.development
    fitted = cross_fit(opened.experiment.stack, opened.raw[:, :, None], development.y, development.folds, 0)
    expected = measure(fitted.scores, development, "roc_auc").auc.value
    shuffles = _Shuffles(opened, _folds(opened))
    as_it_is, _ = shuffles.predict([])
    assert shuffles.auc_of(as_it_is).value == pytest.approx(expected, abs=1e-12)
    found = importance(opened)
    assert {row["name"] for row in found["views"]} == {"table", "words", "dynamics"}
    # Who has more calls says "happy" more often, and the size is in the target itself.
    assert {row["name"] for row in found["columns"][:2]} == {"calls", "size"} and found["columns"][0]["low"] > 0
    assert found["sources"][0]["low"] < found["sources"][0]["drop"] < found["sources"][0]["high"]
    assert importance(opened, cores=2) == found


@pytest.mark.parametrize("base", ["words", "table"])
def test_shuffling_encoded_columns_is_encoding_shuffled_ones(opened, base):
    """For a linear model's columns (imputed, with indicators, scaled) and for those of trees."""
    from nightshift.report.shuffles import encoded, with_shuffles

    scaled = base == "words"
    block, rows = opened.blocks["table"], np.arange(40)
    encoder = BlocksEncoder(scaled).fit({"table": block}, opened.development.y)
    model = FoldModel(encoder, [])
    order = np.random.default_rng(0).permutation(len(rows))
    for column in block.frame:
        jobs = [([("table", column)], order), ([("other", None)], order), ([("table", None)], order)]
        matrix = encoded(model, "table", block.take(rows))
        first, found = (with_shuffles(model, "table", matrix, "table", jobs).matrix for _ in range(2))
        np.testing.assert_array_equal(first, found)  # what is encoded once is shuffled many times
        by_hand = block.frame.iloc[rows].copy()
        by_hand[column] = by_hand[column].to_numpy()[order]
        expected = [by_hand, block.frame.iloc[rows], block.frame.iloc[rows[order]]]
        np.testing.assert_array_equal(
            found, np.vstack([encoder.transform({"table": Columns(one)}) for one in expected])
        )


def test_words_that_push_are_those_of_the_signal(opened):
    (words,) = pushing_words(opened)
    assert words["base"] == "words" and "happy" in words["up"][0]["term"]
    assert all(row["push"] < 0 for row in words["down"])


def test_slices_leave_the_small_ones_out(raw, labels):
    folds = make_folds(len(labels), 3)
    scores = (labels + np.random.default_rng(0).normal(size=len(labels)))[:, None]
    found = slices(raw, scores, Development(raw.cases["case_id"], labels, folds))
    assert found["left_out"] > 0 and all(row["cases"] >= 40 for row in found["rows"])
    assert [row["auc"] for row in found["rows"]] == sorted(row["auc"] for row in found["rows"])
    assert {"vip"} <= {row["column"] for row in found["rows"]}
