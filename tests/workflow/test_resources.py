"""What jobs ask of a scheduler, as `snakemake -n` shows it."""

import json
import re

NEW = "0123456789abcdef0123"


def asked_for(night, digest: str) -> dict[str, str]:
    """Resources of the job that trains a base."""
    shown = night.snakemake("-n", "--quiet", "host", "-f", f"results/bases/{digest}", "--allowed-rules", "train_base")
    return dict(re.findall(r"(\w+)=(\w+)", re.search(r"resources: (.+)", shown)[1]))


def test_a_base_asks_for_a_gpu_when_its_learner_does_and_only_then(night):
    specs = sorted(night.path("results/specs/bases").glob("*.json"))
    spec = next(content for path in specs if "device" in (content := json.loads(path.read_text()))["learner"])
    spec["learner"]["device"] = "cuda"
    night.write(f"results/specs/bases/{NEW}.json", json.dumps(spec))
    assert asked_for(night, NEW)["gpu"] == "1"
    usual = asked_for(night, specs[0].stem)
    assert "gpu" not in usual
    assert usual["runtime"] == "80" and usual["mem_mb"] == "4811"
