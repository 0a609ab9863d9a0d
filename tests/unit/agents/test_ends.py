"""When nothing new can be proposed the night ends as it does before a deadline: with all that it has."""

import pytest
from stub_night import CARD, lay_out, night_config, run_night, score

from nightshift.agents.propose import propose
from nightshift.ending import write_ending
from nightshift.files import read_json, write_json, write_text
from nightshift.learners import LEARNERS
from nightshift.names import name_of


def test_a_night_with_nothing_left_to_try_stops_and_says_why(tmp_path):
    config = night_config(60, views=["table"], learners=["ridge"], moves=["prune"])
    lay_out(tmp_path)
    for number in range(60):
        propose(name_of(number), config, tmp_path)
        plan = read_json(tmp_path / "results/experiments" / name_of(number) / "plan.json")
        if "stopped" in plan:
            break
        score(tmp_path, number)
    assert number > 1 and "nothing new" in plan["stopped"] and "agent.moves" in plan["stopped"]
    assert not (tmp_path / f"results/history/{name_of(number)}.json").exists()


@pytest.mark.parametrize("learners", [set(LEARNERS) - {"blend"}, set(LEARNERS)])
def test_a_night_whose_learners_are_all_vetoed_ends_after_its_baseline_and_says_why(tmp_path, learners):
    """Also where one is left that the search never draws."""
    write_text(tmp_path / "config/program.md", "\n".join(f"veto: {kind}" for kind in sorted(learners)))
    lay_out(tmp_path)
    propose(name_of(0), night_config(4, parallel=1), tmp_path)
    score(tmp_path, 0)
    propose(name_of(1), night_config(4, parallel=1), tmp_path)
    stopped = read_json(tmp_path / "results/experiments/exp-0001/plan.json")["stopped"]
    assert stopped.startswith("no kind of learner is left") and "vetoes in config/program.md" in stopped


def test_the_ending_of_a_night_that_was_shortened_does_without_the_records_of_what_lies_above(tmp_path):
    """Nothing records what was scored before search.experiments was lowered."""
    run_night(tmp_path, night_config(4))
    for number in range(2):
        outcome = {"recorded": bool(number), "reason": "dvc is away"}
        write_json(tmp_path / f"results/experiments/{name_of(number)}/record.json", outcome)
    write_json(tmp_path / "results/data/card.json", {**CARD, "warnings": []})
    champion = {"experiment": "exp-0000", "cv_auc": 0.6}
    verdict = {"sentence": "It is so.", "champion": champion, "baseline": None, "delta": None, "ladder": []}
    write_json(tmp_path / "results/verdict.json", verdict)
    write_ending(tmp_path / "ending.md", night_config(2), tmp_path)
    assert "DVC: 1 of 2 experiments are not recorded: dvc is away" in (tmp_path / "ending.md").read_text()
