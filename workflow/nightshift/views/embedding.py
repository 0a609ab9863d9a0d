"""View `embedding`: sentence embeddings of what is said, pooled by speaker and part of the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from nightshift.llm.context import who_asks
from nightshift.llm.privacy import may_send
from nightshift.llm.server import server_of
from nightshift.views.base import Columns, RawData
from nightshift.views.turns import TextView

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from nightshift.config_agent import Agent


class EmbeddingView(TextView):
    """Mean embeddings of turns: one block of columns for each speaker named (else for everybody) and each part of the call.

    By a local sentence-transformers model, or by the server's embeddings endpoint (agent.embedding.model, which needs
    agent.send: transcripts). Every text is embedded once. Cases in which nobody of a block speaks have missing values there.
    """

    asks: ClassVar[bool] = True
    libraries: ClassVar[tuple[str, ...]] = ("numpy", "pandas", "openai")
    modules: ClassVar[tuple[str, ...]] = ("nightshift.embeddings", "nightshift.llm.privacy")

    kind: Literal["embedding"] = "embedding"
    parts: Annotated[int, Field(ge=1, le=4)] = Field(1, description="Parts of equal length that calls are cut into.")
    dimensions: Annotated[int, Field(ge=8, le=4096)] | None = Field(
        None, description="Only so many columns a block, by a random projection; None: all of the model's."
    )
    model: str | None = Field(None, description="server:NAME or local:NAME; None: as configured.")

    def featurize(self, data: RawData) -> Columns:
        """As `View.featurize`; embeds what is not kept.

        Raises
        ------
        CallFailed, NotSentError
            By server: when it cannot be asked.
        NightshiftError
            Locally: when the model is not installed.
        """
        import numpy as np

        from nightshift.embeddings import embed, projected
        from nightshift.views.transcripts import masked_texts

        turns = self.select(data.turns)
        agent = who_asks().agent
        model = self.model or model_name(agent)
        speakers = self.speakers or (None,)
        texts = masked_texts(data, turns, agent) if model.startswith("server:") else turns["text"].astype(str).tolist()
        wanted = np.ones(len(turns), bool) if self.speakers is None else turns["speaker"].isin(self.speakers).to_numpy()
        unique = list(dict.fromkeys(text for text, keep in zip(texts, wanted, strict=True) if keep))
        vectors = embed(unique, model)
        if self.dimensions is not None:
            vectors = projected(vectors, self.dimensions)
        rows = {text: row for row, text in enumerate(unique)}
        places = np.array([rows.get(text, -1) for text in texts], dtype=int)
        blocks = {}
        for who in speakers:
            for part in range(self.parts):
                inside = wanted & self._inside(turns, who, part)
                blocks[_name(who, part, self.parts)] = _pooled(data, turns[inside], vectors, places[inside])
        return Columns(_side_by_side(blocks))

    def _inside(self, turns: pd.DataFrame, who: str | None, part: int) -> np.ndarray:
        import numpy as np

        from nightshift.views.turns import place_in_call

        inside = np.ones(len(turns), bool) if who is None else (turns["speaker"] == who).to_numpy()
        place = place_in_call(turns)
        return inside & (place >= part / self.parts) & (place < (part + 1) / self.parts)

    @classmethod
    def hindrance(cls, agent: Agent) -> str | None:
        from nightshift.embeddings import local_model

        if agent.embedding.model is None:
            found = local_model(agent)
            return None if found.folder else found.why
        if not may_send(agent, "transcripts"):
            return f"by server it needs agent.send: transcripts (it is {agent.send})"
        if server_of(agent) is None and not agent.replay:
            return "needs a server (agent.model and a key) for agent.embedding.model"
        return None

    def settled(self, agent: Agent) -> EmbeddingView:
        return self if self.model else self.model_copy(update={"model": model_name(agent)})

    def in_words(self) -> str:
        return f"the meaning {super().in_words()}"


def model_name(agent: Agent) -> str:
    """server:NAME, or local:NAME with a digest of the model's files."""
    from nightshift.embeddings import local_model

    return f"server:{agent.embedding.model}" if agent.embedding.model else f"local:{local_model(agent).name}"


def _name(who: str | None, part: int, parts: int) -> str:
    return " ".join(filter(None, [who or "", f"part {part + 1}" if parts > 1 else ""])) or "all"


def _pooled(data: RawData, turns: pd.DataFrame, vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Mean vectors (n_cases, n_dimensions) of turns; missing where a case has none."""
    import numpy as np
    import pandas as pd

    codes = pd.Index(data.cases["case_id"]).get_indexer(turns["case_id"])
    known = codes >= 0
    total = np.zeros((len(data.cases), vectors.shape[1]))
    np.add.at(total, codes[known], vectors[rows[known]])
    count = np.bincount(codes[known], minlength=len(data.cases)).astype(float)
    return total / np.where(count > 0, count, np.nan)[:, None]


def _side_by_side(blocks: dict[str, np.ndarray]) -> pd.DataFrame:
    import pandas as pd

    frames = [
        pd.DataFrame(block, columns=[f"{name} {number}" for number in range(block.shape[1])])
        for name, block in blocks.items()
    ]
    return pd.concat(frames, axis=1)
