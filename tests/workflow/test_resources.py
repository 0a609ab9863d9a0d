"""What jobs ask of a scheduler, as `snakemake -n` shows it."""

import json
import re

NEW, AGAIN = "0123456789abcdef0123", "abcdef0123456789abcd"


def shown_of(night, digest: str, *options: str) -> str:
    """What a dry run says of the job that trains a base."""
    target = ("-f", f"results/bases/{digest}", "--allowed-rules", "train_base")
    return night.snakemake("-n", "--quiet", "host", *target, *options)


def asked_for(night, digest: str) -> dict[str, str]:
    """Resources of the job that trains a base."""
    return dict(re.findall(r"(\w+)=(\w+)", re.search(r"resources: (.+)", shown_of(night, digest))[1]))


def test_a_base_asks_for_a_gpu_when_its_learner_does_and_only_then(night):
    specs = sorted(night.path("results/specs/bases").glob("*.json"))
    spec = next(content for path in specs if "device" in (content := json.loads(path.read_text()))["learner"])
    spec["learner"]["device"] = "cuda"
    night.write(f"results/specs/bases/{NEW}.json", json.dumps(spec))
    assert asked_for(night, NEW)["gpu"] == "1"
    usual = asked_for(night, specs[0].stem)
    assert "gpu" not in usual
    assert usual["runtime"] == "80" and usual["mem_mb"] == "4811"


def test_a_base_that_has_others_trained_again_takes_free_cores_and_no_other_does(night):
    first, second = sorted(night.path("results/specs/bases").glob("*.json"))[:2]
    spec = json.loads(first.read_text())
    assert spec["views"] and not spec["bases"]
    night.write(f"results/specs/bases/{AGAIN}.json", json.dumps(spec | {"bases": [second.stem]}))
    assert "threads: 4" in shown_of(night, AGAIN, "--cores", "4")
    assert "threads: 2" in shown_of(night, AGAIN, "--cores", "2")
    assert "threads" not in shown_of(night, AGAIN, "--cores", "4", "--set-threads", "train_base=1")
    assert "threads" not in shown_of(night, first.stem, "--cores", "4")
    # One that would open a GPU in every process: alone, and with the GPU to itself.
    on_gpu = json.loads(second.read_text()) | {"learner": {"kind": "xgboost", "device": "cuda"}}
    night.write(f"results/specs/bases/{NEW}.json", json.dumps(on_gpu))
    night.write(f"results/specs/bases/{AGAIN}.json", json.dumps(spec | {"bases": [NEW]}))
    assert "threads" not in shown_of(night, AGAIN, "--cores", "4") and asked_for(night, AGAIN)["gpu"] == "1"
