"""The command `nightshift`: what a night needs beside `snakemake` and `dvc`."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nightshift.errors import NightshiftError
from nightshift.options import add_prediction_options, prediction_options

if TYPE_CHECKING:
    from nightshift.config import Config

# Each command imports what it needs itself: `nightshift --help` answers at once.


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Instead of those of the command line.

    Returns
    -------
    int
        Exit status: 0, or 1 when a message on standard error says what is wrong.
    """
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except NightshiftError as error:
        print(f"nightshift: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nightshift", description=__doc__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_init(commands)
    _add_watch(commands)

    restore = commands.add_parser("restore", help="lay out a night that `dvc exp pull origin night` brought here")
    restore.add_argument("name", nargs="?", default="night", help="the DVC experiment (default: %(default)s)")
    restore.set_defaults(run=_restore)

    archive = commands.add_parser("archive", help="move the night aside, so that the next starts from nothing")
    archive.set_defaults(run=_archive)

    ladder = commands.add_parser("ladder", help="what each step from one model to the champion is worth")
    ladder.set_defaults(run=_ladder)

    report = commands.add_parser("report", help="write results/report.html from what is there, in mid-night too")
    report.add_argument("--out", type=Path, default=Path("results/report.html"), help="where (default: %(default)s)")
    report.add_argument(
        "--quick", action="store_true", help="do not diagnose a new champion: what matters, where it errs"
    )
    report.set_defaults(run=_report)

    predict = commands.add_parser("predict", help="probabilities with reasons for new cases and calls")
    add_prediction_options(predict, "results/predictions/NAME.csv, NAME that of the cases")
    predict.add_argument(
        "--model", type=Path, default=Path("results/champion"), help="a model folder (default: %(default)s)"
    )
    predict.set_defaults(run=_predict)

    export = commands.add_parser("export", help="pack the champion into a folder that predicts without nightshift")
    export.add_argument("folder", type=Path, help="where to; it must not be there yet")
    export.add_argument(
        "--model", type=Path, default=Path("results/champion"), help="a model folder (default: %(default)s)"
    )
    export.set_defaults(run=_export)

    gc = commands.add_parser("gc", help="remove fold models of bases that no kept experiment uses")
    gc.add_argument("-n", "--dry-run", action="store_true", help="say what would go, and how much it is")
    gc.set_defaults(run=_gc)

    duck = commands.add_parser("duck", help="talk with the agent about the night, while it runs or after")
    duck.add_argument("question", nargs="*", help="one question; without it a conversation")
    duck.set_defaults(run=_duck)

    estimate = commands.add_parser(
        "estimate", help="what the rubric views of an experiment would take at the model's server"
    )
    estimate.add_argument("experiment", type=Path, help="a YAML file, such as config/experiments/rubric.yaml")
    estimate.set_defaults(run=_estimate)

    demo = commands.add_parser("demo", help="write demo data: deals and the transcripts of their calls")
    demo.add_argument("--folder", type=Path, default=Path("data/demo"), help="where (default: %(default)s)")
    demo.add_argument("--n", type=_cases, default=1200, help="deals, 100 to 1,000,000 (default: %(default)s)")
    demo.add_argument("--seed", type=int, default=0, help="other seeds, other deals (default: %(default)s)")
    demo.set_defaults(run=_demo)
    return parser


def _add_watch(commands: argparse._SubParsersAction) -> None:
    watch = commands.add_parser("watch", help="look at the night while it runs, until it ends")
    watch.add_argument("--plain", action="store_true", help="line by line, as outside of a terminal")
    watch.add_argument("--once", action="store_true", help="show how it stands now, and end")
    watch.set_defaults(run=_watch)


def _add_init(commands: argparse._SubParsersAction) -> None:
    init = commands.add_parser(
        "init",
        help="look at your files and write config/config.yaml",
        description="Look at two files, guess what their columns mean, ask what cannot be known, write config/config.yaml.",
    )
    init.add_argument("cases", help="one row a deal, customer, lead: .csv, .tsv, .parquet, .jsonl, .xlsx")
    init.add_argument("transcripts", nargs="?", help="a table of turns, or a folder of .vtt, .srt, .txt, .json")
    column = {"metavar": "COLUMN"}
    init.add_argument("--id", help="names a case", **column)
    init.add_argument("--target", help="to be predicted", **column)
    init.add_argument("--positive", action="append", metavar="VALUE", help="of the target, counts as 1 (repeatable)")
    init.add_argument(
        "--negative", action="append", metavar="VALUE", help="counts as 0; all others are open (repeatable)"
    )
    init.add_argument("--group", help="cases that belong together, or 'none'", **column)
    init.add_argument("--time", help="date for a split in time, or 'none'", **column)
    init.add_argument("--cutoff", help="date of the prediction, or 'none'", **column)
    init.add_argument("--drop", action="append", default=[], help="known only after the outcome (repeatable)", **column)
    init.add_argument("--keep", action="append", default=[], help="do not drop this one (repeatable)", **column)
    init.add_argument(
        "--transcript-column",
        action="append",
        dest="transcript_columns",
        help="column of the cases that holds a call each (repeatable)",
        **column,
    )
    init.add_argument("--decimal", choices=[".", ","], help="decimal sign of the cases")
    init.add_argument("--encoding", help="of files that are not UTF-8, such as cp1252")
    init.add_argument("--experiments", type=int, metavar="N", help="experiments of a night (default: 24)")
    init.add_argument("-y", "--yes", action="store_true", help="take the guesses, ask nothing")
    init.add_argument("--force", action="store_true", help="replace a configuration that is there")
    init.set_defaults(run=_init)


def _cases(text: str) -> int:
    count = int(text.replace(",", "").replace("_", ""))
    if not 100 <= count <= 1_000_000:
        raise argparse.ArgumentTypeError("from 100 to 1,000,000")
    return count


def _project() -> Path:
    root = Path.cwd()
    if not (root / "dvc.yaml").is_file() or not (root / "config").is_dir():
        raise NightshiftError("run this at the top of the project, where dvc.yaml and config/ lie")
    return root


def _restore(options: argparse.Namespace) -> None:
    from nightshift.record import restore, show_command

    root = _project()
    paths = restore(root, options.name)
    print(f"restored to results/: {', '.join(path.name for path in paths)}")
    print(f"its experiments: `dvc exp pull origin -A`, then `{show_command(root)}`")


def _archive(options: argparse.Namespace) -> None:
    from nightshift.record import archive

    root = _project()
    archived = archive(root)
    print(f"moved to {archived.folder.relative_to(root)}/")
    if archived.outcome.recorded:
        print(f"in DVC its experiments are called {archived.prefix}exp-0000 and so on from now on")
        print(f"`nightshift restore {archived.prefix}night` brings it back into an empty results/")
    else:
        print(f"as a whole it is {archived.outcome.reason}")


def _ladder(options: argparse.Namespace) -> None:
    from nightshift.files import read_json
    from nightshift.ladder import table

    path = _project() / "results/verdict.json"
    if not path.exists():
        raise NightshiftError("no night has ended here yet: the ladder comes with the verdict, `snakemake --cores all`")
    print(table(read_json(path)["ladder"]))


def _init(options: argparse.Namespace) -> None:
    from nightshift.init.command import init

    _project()
    keys = ("id", "target", "group", "time", "cutoff", "drop", "keep", "transcript_columns", "decimal", "encoding")
    flags = {key: getattr(options, key) for key in keys}
    for key in ("positive", "negative"):
        values = getattr(options, key)
        flags[key] = values[0] if values and len(values) == 1 else values
    with contextlib.suppress(KeyboardInterrupt):
        init(options.cases, options.transcripts, flags, options.experiments, options.yes, options.force)


def _watch(options: argparse.Namespace) -> None:
    from nightshift.watch.command import watch

    with contextlib.suppress(KeyboardInterrupt):
        watch(_project(), options.plain, options.once)


def _report(options: argparse.Namespace) -> None:
    import nightshift.job  # noqa: F401  one thread, set before numpy is imported
    from nightshift.report.command import report_now

    facts = report_now(_project(), options.out, options.quick)
    size = options.out.stat().st_size / 1e6
    print(f"{options.out}: {len(facts.rows)} experiments, champion {facts.champion or 'none yet'}, {size:.1f} MB")


def _predict(options: argparse.Namespace) -> None:
    import nightshift.job  # noqa: F401  one thread a process, set before numpy is imported
    from nightshift.config import predictions_of
    from nightshift.delivery import deliver

    out = options.out or Path(predictions_of(str(options.cases)))
    print(deliver(options.model, options.cases, options.transcripts, out, **prediction_options(options)), end="")


def _export(options: argparse.Namespace) -> None:
    from nightshift.export import export

    made = export(options.model, options.folder)
    print(f"{options.folder}: {', '.join(path.name for path in made)}; its README.md says how to install and predict")


def _gc(options: argparse.Namespace) -> None:
    from nightshift.gc import CACHE, RESULTS, find_garbage, in_words, size_of
    from nightshift.guard import no_night_running

    root = _project()
    with no_night_running(root):
        garbage = find_garbage(root)
        for path in [] if options.dry_run else garbage.files:
            path.unlink()
    verb = "would be removed" if options.dry_run else "removed"
    print(
        f"fold models of {len(garbage.files)} bases {verb}: {in_words(garbage.size)}; {garbage.kept} bases keep theirs"
    )
    print(f"{RESULTS}/ has {in_words(size_of(root / RESULTS))}, DVC's cache {in_words(size_of(root / CACHE))}")
    print("what DVC keeps goes by `dvc exp remove` and `dvc gc`, never by this command")


def _duck(options: argparse.Namespace) -> None:
    import nightshift.job  # noqa: F401  one thread, set before numpy is imported
    from nightshift.duck import talk

    _project()

    def ask(question: str) -> str:
        try:
            return input(question)
        except (EOFError, KeyboardInterrupt):
            return ""

    talk(_config(), " ".join(options.question) or None, ask, lambda text: print(f"{text}\n"))


def _estimate(options: argparse.Namespace) -> None:
    import nightshift.job  # noqa: F401
    from nightshift.experiment import read_experiment
    from nightshift.rubric import estimate_of

    _project()
    print(estimate_of(read_experiment(options.experiment), _config().agent))


def _config() -> Config:
    import yaml

    from nightshift.config import parse_config

    return parse_config(yaml.safe_load(Path("config/config.yaml").read_text(encoding="utf-8")))


def _demo(options: argparse.Namespace) -> None:
    from nightshift import demo

    demo.write(options.folder, options.n, options.seed)


if __name__ == "__main__":
    sys.exit(main())
