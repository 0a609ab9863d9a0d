"""What a view is, what it makes, and the file that holds it.

A view turns raw cases and turns into a block of features. Every row of a block is a function of one case alone:
nothing here is fitted, so a view file can be shared by all folds and computed for new cases one at a time. What has
to be fitted (vocabulary, idf, scaling, rare categories) is in `nightshift.encode`, inside the folds.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict

from nightshift.files import replacing

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from optuna.trial import BaseTrial
    from scipy.sparse import csr_array

    from nightshift.card import Card
    from nightshift.config_agent import Agent


@dataclass(frozen=True)
class RawData:
    """Cases and their turns as `ingest` leaves them.

    Attributes
    ----------
    cases : DataFrame, `case_id` first, then the feature columns
    turns : DataFrame with case_id, call, position, speaker, text, start, end, time; in order
    kinds : column of `cases` -> numeric, boolean, datetime, category or text
    """

    cases: pd.DataFrame
    turns: pd.DataFrame
    kinds: Mapping[str, str]

    def case_codes(self) -> np.ndarray:
        """Row of `cases` for every turn, shape (n_turns,)."""
        import pandas as pd

        return pd.Index(self.cases["case_id"]).get_indexer(self.turns["case_id"])

    def take(self, rows: np.ndarray) -> RawData:
        """Some cases, and their turns."""
        cases = self.cases.iloc[rows]
        return RawData(cases, self.turns[self.turns["case_id"].isin(cases["case_id"])], self.kinds)


@dataclass(frozen=True)
class Columns:
    """A dense block: one row a case, float columns and string (category) columns."""

    frame: pd.DataFrame

    def take(self, rows: np.ndarray) -> Columns:
        return Columns(self.frame.iloc[rows])

    def __len__(self) -> int:
        return len(self.frame)


@dataclass(frozen=True)
class Terms:
    """A sparse block: counts of named terms, `counts[i, j]` of `names[j]` in case i."""

    counts: csr_array
    names: np.ndarray
    _known: dict[str, pd.Index] = field(default_factory=dict, repr=False, compare=False)

    @property
    def index(self) -> pd.Index:
        """The names for looking up; made once, whatever rows are taken."""
        import pandas as pd

        if "index" not in self._known:
            self._known["index"] = pd.Index(self.names)
        return self._known["index"]

    def take(self, rows: np.ndarray) -> Terms:
        return Terms(self.counts[rows], self.names, self._known)

    def __len__(self) -> int:
        return self.counts.shape[0]


Block = Columns | Terms


class View(BaseModel, abc.ABC):
    """Specification, code and search space of one kind of view; registered by its `kind` (see docs/extend.md).

    Attributes
    ----------
    needs_turns : whether it reads transcripts
    libraries : distributions whose version changes its results
    modules : modules of nightshift, besides its own, whose source its digest covers
    asks : whether it may ask a model's server, which takes its time (agent.view_timeout)
    named : whether its terms are words that people can read; hashed ones are not
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    needs_turns: ClassVar[bool] = True
    libraries: ClassVar[tuple[str, ...]] = ("numpy", "pandas")
    modules: ClassVar[tuple[str, ...]] = ()
    asks: ClassVar[bool] = False
    named: ClassVar[bool] = True

    kind: str

    @abc.abstractmethod
    def featurize(self, data: RawData) -> Block:
        """Compute the block: one row for every row of `data.cases`, in that order."""

    @classmethod
    def hindrance(cls, agent: Agent) -> str | None:
        """Why the configuration does not allow it, whatever the data; None: it does."""
        return None

    def settled(self, agent: Agent) -> View:
        """With what the configuration alone knows, such as the model that is asked; part of its digest from then on."""
        return self

    @classmethod
    def offered(cls, card: Card) -> bool:
        """Whether the data has what this view reads."""
        return card.has_turns or not cls.needs_turns

    @classmethod
    def suggest(cls, trial: BaseTrial, prefix: str, card: Card) -> View | None:
        """Draw a specification from the search space; None: the search never draws this kind."""
        return None

    def label(self, card: Card) -> str:
        """Its name in an experiment of the search."""
        return self.kind

    def in_words(self) -> str:
        """What it is, in a hypothesis: "the words of the customer"."""
        return f"the {self.kind}"

    def topic(self) -> str:
        """What it is about, in the reasons of a prediction; views with one topic are one reason there."""
        return self.in_words()

    def source_of(self, column: str, kinds: Mapping[str, str]) -> str:
        """What a column of the block is made from, where several columns say one thing: the reasons of a prediction
        name that. By default the column itself; `kinds` as in `RawData`."""
        return column


def save_block(path: str | Path, block: Block) -> None:
    """Write a block as one compressed Arrow file (feather v2)."""
    from pyarrow import feather

    with replacing(path) as partial:
        feather.write_feather(_to_arrow(block), partial, compression="zstd")


def load_block(path: str | Path) -> Block:
    """Read what `save_block` wrote."""
    import numpy as np
    import pyarrow as pa
    from scipy.sparse import csr_array

    with pa.OSFile(str(path)) as source:
        table = pa.ipc.open_file(source).read_all()
    if (table.schema.metadata or {}).get(b"nightshift") != b"terms":
        return Columns(table.to_pandas())
    counts, terms = table["counts"].combine_chunks(), table["terms"].combine_chunks()
    names = terms.values.dictionary.to_numpy(zero_copy_only=False).astype(object)
    indices = terms.values.indices.to_numpy()
    offsets = counts.offsets.to_numpy()
    shape = (len(counts), len(names))
    return Terms(csr_array((counts.values.to_numpy(), indices, offsets), shape=shape), np.asarray(names, dtype=object))


def _to_arrow(block: Block):
    import pyarrow as pa

    if isinstance(block, Columns):
        return pa.Table.from_pandas(block.frame.reset_index(drop=True), preserve_index=False).combine_chunks()
    counts = block.counts
    names = pa.DictionaryArray.from_arrays(
        pa.array(counts.indices, pa.int32()), pa.array(block.names.tolist(), pa.string())
    )
    offsets = pa.array(counts.indptr, pa.int32())
    columns = {
        "terms": pa.ListArray.from_arrays(offsets, names),
        "counts": pa.ListArray.from_arrays(offsets, pa.array(counts.data, pa.float32())),
    }
    return pa.table(columns).replace_schema_metadata({"nightshift": "terms"})
