"""What every script does around its work."""

import threadpoolctl

from nightshift.job import logging_to


def test_a_job_of_several_cores_keeps_to_one_thread(tmp_path):
    """Numbers may depend on the threads of numerical libraries, and cores are shared among processes."""
    with threadpoolctl.threadpool_limits(2):
        with logging_to([tmp_path / "job.log"]):
            assert {pool["num_threads"] for pool in threadpoolctl.threadpool_info()} == {1}
    threadpoolctl.threadpool_limits(1)
