"""Is there a GPU here?"""

import subprocess


def has_gpu() -> bool:
    try:
        return "GPU 0" in subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True).stdout
    except FileNotFoundError:
        return False
