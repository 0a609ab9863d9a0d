"""When nothing new can be proposed the night ends as it does before a deadline: with all that it has."""

from stub_night import lay_out, night_config, score

from nightshift.agents.propose import propose
from nightshift.files import read_json
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
