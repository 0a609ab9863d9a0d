# What the other files share: the typed config, the checks that come before any job, and the input functions.
# Light on purpose: parsed by every `snakemake`, and again on every cluster node.
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

from nightshift.agents.deadline import START, note_start
from nightshift.names import EXPERIMENTS, name_of, number_of
from nightshift.rungs import bases_of_ladder
from nightshift.config import TRANSCRIBED, parse_config
from nightshift.errors import NightshiftError
from nightshift.files import read_json
from nightshift.guard import (
    check_times,
    clear_stopped,
    hold_results,
    only_looks,
    show_file,
)
from nightshift.identity import check_identity
from nightshift.leftovers import clear_leftovers
from nightshift.limits import PROCESSES, memory_to_grant, minutes_to_grant
from nightshift.record import head_at_start
from nightshift.shards import shard_names
from nightshift.specs import read_spec, reads_both, trains_on_gpu, views_to_train

if getattr(workflow.modifier.path_modifier, "prefix", None):
    raise WorkflowError(
        "prefix: in a module statement is not supported: nightshift reads and writes results/ by that name; "
        "run it in a folder of its own instead (docs/module.md)"
    )

WHICH_CASES = "which cases? snakemake predict --config predict='{cases: new.csv, transcripts: new/}'"

try:
    NIGHT = parse_config(config)
    if workflow.is_main_process:
        if NIGHT.predict is None and "predict" in sys.argv:
            # As early as this, because Snakemake shows what an input function raises with a traceback.
            raise NightshiftError(WHICH_CASES)
        check_identity(NIGHT)
        if not workflow.output_settings.dryrun and not only_looks(sys.argv):
            hold_results()
            check_times([NIGHT.data.cases, NIGHT.data.transcripts])
            clear_leftovers()
            clear_stopped()
            note_start(NIGHT.search)
            head_at_start(Path())
except NightshiftError as error:
    raise WorkflowError(str(error)) from None

WINDOW = NIGHT.search.parallel
PLANNED = [name_of(number) for number in range(NIGHT.search.experiments)]
# A finished experiment is history. Left out of the wildcard it is a file that no rule makes, so nothing (a touched
# script, other keys, -F) can make it again. One exists() an experiment.
FINISHED = {
    exp for exp in PLANNED if os.path.exists(f"{EXPERIMENTS}/{exp}/record.json")
}
PENDING = [exp for exp in PLANNED if exp not in FINISHED]

SEARCH = NIGHT.search.model_dump(mode="json")
# What a job of an experiment may take, and what a scheduler must grant so that its second try fits too.
LIMITS = {
    "seconds": NIGHT.search.job_timeout,
    "memory_mb": NIGHT.search.job_memory_mb,
}
AGENT = NIGHT.agent.model_dump(mode="json")
JOB_MINUTES = minutes_to_grant(NIGHT.search.job_timeout)
JOB_MEMORY = memory_to_grant(NIGHT.search.job_memory_mb)


DEVELOPMENT = {
    "cases": "results/data/development/cases.parquet",
    "turns": "results/data/development/turns.parquet",
    "card": "results/data/card.json",
}


wildcard_constraints:
    exp="|".join(PENDING) or "none",
    digest="[0-9a-f]{20}",
    shard="[0-9]+-of-[0-9]+",


def before(exp, steps=1):
    """Folder of the experiment `steps` before, or None."""
    number = number_of(exp) - steps
    return f"{EXPERIMENTS}/{name_of(number)}" if number >= 0 else None


def data_files(wildcards):
    """The inputs that are there; `ingest` says in one message what is missing."""
    names = [NIGHT.data.cases, NIGHT.data.transcripts]
    made = [name for name in names if name and name.startswith("data/demo/")]
    made += [TRANSCRIBED] if NIGHT.data.audio else []
    return [
        ancient(name)
        for name in names
        if name and (name in made or os.path.exists(name))
    ]


def recordings(wildcards):
    """The folder of data.audio, if it is there; `transcribe` says what is missing."""
    folder = NIGHT.data.audio
    return [folder] if folder and os.path.isdir(folder) else []


def seen_by(wildcards):
    """O(1) inputs: the proposal before, and the score that leaves the window; the rest follows by induction."""
    seen = ["results/data/split.json"]
    if last := before(wildcards.exp):
        seen.append(f"{last}/plan.json")
        # A night that began before there were memos has none for its finished experiments.
        if Path(last).name not in FINISHED or os.path.exists(f"{last}/memos.json"):
            seen.append(f"{last}/memos.json")
    if scored := before(wildcards.exp, WINDOW):
        seen.append(f"{scored}/metrics.json")
    return seen


def inputs_of_view(wildcards):
    """Cases and turns, or the shards when there are many cases."""
    cases = read_json(DEVELOPMENT["card"])["development"]
    shards = shard_names(cases, NIGHT.search.shard_cases)
    if not shards:
        return DEVELOPMENT
    made = [f"results/views/{wildcards.digest}-{name}" for name in shards]
    return {
        "shards": [f"{view}.arrow" for view in made],
        "outcomes": [f"{view}.json" for view in made],
    }


def limits_of_job(wildcards, resources):
    """The limits; in a scheduler's job also what it was granted, for itself alone."""
    return {**LIMITS, "granted_mb": resources.mem_mb if workflow.remote_exec else None}


def inputs_of_base(wildcards):
    """Its views; on the second level the bases it stands on, and their views where it trains them again; with a segment
    the cases, for its condition."""
    spec = read_spec("bases", wildcards.digest)
    views = [f"results/views/{view}.arrow" for view in views_to_train(spec)]
    below = [f"results/bases/{base}" for base in spec["bases"]]
    cases = (
        ["results/data/development/cases.parquet"]
        if spec["segment"] or reads_both(spec)
        else []
    )
    return [*views, *below, *cases]


def cores_of_base(wildcards):
    """Several for a base that has those below it trained again, each without pairs of folds; one for a GPU."""
    spec = read_spec("bases", wildcards.digest)
    return PROCESSES if reads_both(spec) and not trains_on_gpu(spec) else 1


def minutes_of_view(wildcards):
    """A view that asks a model's server has a time limit of its own."""
    spec = f"results/specs/views/{wildcards.digest}.json"
    asks = os.path.exists(spec) and read_json(spec)["kind"] in ("rubric", "embedding")
    return minutes_to_grant(AGENT["view_timeout"]) if asks else JOB_MINUTES


def gpus_of_base(wildcards):
    """1 for learners that are trained on a GPU; None, which asks for nothing, for all others."""
    return 1 if trains_on_gpu(read_spec("bases", wildcards.digest)) else None


def plan_of(exp):
    """An experiment's plan; asks for the proposal when it is not there.

    A plan that is there is read without asking: Snakemake resolves only one level of checkpoints that need not run,
    so a night that goes on would end at the first proposal behind one that exists. Plans are written once.
    """
    path = f"{EXPERIMENTS}/{exp}/plan.json"
    if not os.path.exists(path):
        path = checkpoints.propose.get(exp=exp).output.plan
    return read_json(path)


def bases_of_experiment(wildcards):
    return list(plan_of(wildcards.exp)["bases"].values())


def score_before(wildcards):
    """Status is decided in ledger order, against the champion of all experiments before."""
    last = before(wildcards.exp)
    return [f"{last}/metrics.json"] if last else []


def noise_bases(wildcards):
    plan = checkpoints.plan_noise.get().output[0]
    return list(read_json(plan)["bases"].values())


def ladder_bases(wildcards):
    return bases_of_ladder(checkpoints.plan_ladder.get().output[0])


def slot_plan():
    return read_json(checkpoints.plan_slot.get().output[0])


def slot_views(wildcards):
    return [ancient(path) for path in slot_plan()["views"].values()]


def slot_bases(wildcards):
    return [ancient(path) for path in slot_plan()["bases"].values()]


def records_so_far(wildcards):
    """Records of the experiments that have a config, in ascending order: a deep chain asked for from its end would
    exhaust Python's stack. Grows each time a checkpoint is done."""
    return files_so_far("record.json")


def scores_so_far(wildcards):
    """Scores of the same: the champion need not wait for the last records, which are made beside it."""
    return files_so_far("metrics.json")


def files_so_far(name):
    return [
        f"{EXPERIMENTS}/{exp}/{name}"
        for exp in PLANNED
        if exp in FINISHED or is_going(exp)
    ]


def is_going(exp):
    plan = Path(EXPERIMENTS, exp, "plan.json")
    return plan.exists() and "stopped" not in read_json(plan)


def next_proposal(wildcards):
    """Asks for the next proposal, until all are made or one says that the night is to end."""
    for exp in PENDING:
        if "stopped" in plan_of(exp):
            break
    return []


def record_before(wildcards):
    last = before(wildcards.exp)
    return [f"{last}/record.json"] if last else []


def predictions(suffix=None):
    """File that `predict` writes; with a suffix, the one beside it."""
    path = Path(
        NIGHT.predict.target() if NIGHT.predict else "results/predictions/none.csv"
    )
    return str(path.with_suffix(suffix) if suffix else path)


def new_cases(wildcards):
    if NIGHT.predict is None:
        raise WorkflowError(WHICH_CASES)
    # What is missing is said by the job, with all else that is wrong. The start of this run, so that asking again with
    # other options predicts again.
    names = [NIGHT.predict.cases, NIGHT.predict.transcripts, START]
    return [name for name in names if name and os.path.exists(name)]


def model_to_predict_with(wildcards):
    """The champion that is there, by its absolute path, which no output has, so that a prediction never goes on with a
    night. Without one, the output that makes it."""
    path = "results/champion/model.json"
    return os.path.abspath(path) if os.path.exists(path) else path


def records_of_a_night(wildcards):
    """A night that is run for its champion is recorded like any other."""
    if os.path.exists("results/champion/model.json"):
        return []
    return [*records_so_far(wildcards), *next_proposal(wildcards)]


def print_ending():
    show_file("results/ending.md", since=START)
    show_file(predictions(".md"), since=START)


def print_problem():
    show_file(".nightshift/problem.txt")
