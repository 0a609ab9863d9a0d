"""The ledger that grows with the night, and the one that the night's end is made from."""

from stub_night import night_config, run_night

from nightshift.ledger import refresh_ledger, write_ledger


def test_a_refreshed_ledger_is_older_than_any_score_and_never_takes_the_place_of_a_whole_one(tmp_path):
    run_night(tmp_path, night_config(4))
    ledger = tmp_path / "results/ledger.tsv"
    whole = ledger.read_bytes()
    scores = [path.stat().st_mtime for path in tmp_path.glob("results/experiments/*/metrics.json")]

    for interim in (None, b"experiment\tstatus\nexp-0000\tkeep\n", "von Hand\u00fc".encode("utf-16")):
        ledger.unlink()
        if interim is not None:
            ledger.write_bytes(interim)
        refresh_ledger(tmp_path)
        assert ledger.read_bytes() == whole
        assert ledger.stat().st_mtime < min(scores), "the rule is still to run"

    write_ledger(root=tmp_path)
    made = ledger.stat().st_mtime_ns
    assert made / 1e9 > max(scores)
    refresh_ledger(tmp_path)
    assert ledger.stat().st_mtime_ns == made and ledger.read_bytes() == whole
