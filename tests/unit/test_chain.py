"""The order in which jobs write their files: whoever finds the one that Snakemake asks for finds the rest."""

import pytest
from samples import make_raw

from nightshift import chain
from nightshift.files import write_json
from nightshift.views import VIEWS


class KilledError(Exception):
    """Stands for a SIGKILL at this place."""


def test_a_view_that_is_there_has_its_outcome(tmp_path, monkeypatch):
    view, outcome = tmp_path / "view.arrow", tmp_path / "view.json"

    def killed(*_):
        raise KilledError

    monkeypatch.setattr(chain, "write_json", killed)
    made = VIEWS["dynamics"](speakers=("customer", "agent")).featurize(make_raw(20))
    with pytest.raises(KilledError):
        chain._write_view(lambda: made, str(view), str(outcome), None, {"kind": "dynamics"})
    assert not view.exists(), "it would be taken for whole"
    monkeypatch.setattr(chain, "write_json", write_json)
    chain._write_view(lambda: made, str(view), str(outcome), None, {"kind": "dynamics"})
    assert view.exists() and outcome.exists()
