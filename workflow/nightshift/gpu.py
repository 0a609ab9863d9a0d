"""XGBoost trained on a GPU, as scikit-learn knows it; what learner `xgboost` builds with `device: cuda`."""

from __future__ import annotations

import json
from typing import Any

from xgboost import XGBClassifier

from nightshift.errors import NoDeviceError


class GpuXGBClassifier(XGBClassifier):
    """XGBClassifier that is trained on the GPU and predicts on the processor, so that its model serves anywhere."""

    def fit(self, x: Any, y: Any, **options: Any) -> GpuXGBClassifier:
        """Train.

        Raises
        ------
        NoDeviceError
            When there is no GPU; XGBoost alone would go on without one and say nothing.
        """
        self.set_params(device="cuda")
        super().fit(x, y, **options)
        used = json.loads(self.get_booster().save_config())["learner"]["generic_param"]["device"]
        if not used.startswith("cuda"):
            raise NoDeviceError(
                "learner xgboost with device: cuda found no GPU here (nvidia-smi lists them); run it where there is one, "
                "or set device: cpu"
            )
        self.set_params(device="cpu")
        self.get_booster().set_param({"device": "cpu"})
        return self
