"""What a learner is: a typed specification that makes an unfitted scikit-learn classifier."""

from __future__ import annotations

import abc
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from optuna.trial import BaseTrial
    from sklearn.base import ClassifierMixin


class Learner(BaseModel, abc.ABC):
    """Specification of one kind of learner; a subclass in a module of this folder is registered by its `kind`.

    Attributes
    ----------
    scaled : whether its numbers are imputed and standardised first
    sparse : whether it takes sparse matrices of many columns well; otherwise text is reduced by SVD
    dense_up_to : training cells up to which a sparse matrix is made dense first, for learners that are faster so
    libraries : distributions whose version changes its results
    random : whether its seed changes its fit
    heft : rough seconds that its training takes on 1,000 cases, all folds, one core
    modules : modules of nightshift, besides its own, whose source changes its results
    trusted : types that its fitted models hold beyond those every model holds (see `nightshift.model`)
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    scaled: ClassVar[bool] = False
    sparse: ClassVar[bool] = True
    dense_up_to: ClassVar[int] = 0
    random: ClassVar[bool] = True
    heft: ClassVar[float] = 1.0
    libraries: ClassVar[tuple[str, ...]] = ("scikit-learn",)
    modules: ClassVar[tuple[str, ...]] = ()
    trusted: ClassVar[tuple[str, ...]] = ()

    kind: str

    @abc.abstractmethod
    def build(self, seed: int) -> ClassifierMixin:
        """An unfitted classifier that uses one thread, so that results do not depend on the machine's cores."""

    @classmethod
    def suggest(cls, trial: BaseTrial, prefix: str) -> Learner | None:
        """Draw a specification from the search space, sensible for hundreds to thousands of cases; None: never drawn."""
        return None

    @classmethod
    def installed(cls) -> bool:
        """Whether the libraries it needs are there; a learner of an optional extra is offered only then."""
        return all(_is_installed(name) for name in cls.libraries)

    def in_words(self) -> str:
        """What it is, in a hypothesis: "a logistic regression"."""
        return self.kind.replace("_", " ")


@cache
def _is_installed(distribution: str) -> bool:
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True
