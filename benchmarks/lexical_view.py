"""View `lexical`: sentiment (VADER) and readability (textstat) of what each speaker says."""

from typing import Literal

import pandas as pd
import textstat
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from nightshift.views import Columns, RawData, View

READABILITY = (
    *("flesch_reading_ease", "flesch_kincaid_grade", "gunning_fog", "automated_readability_index"),
    *("dale_chall_readability_score", "difficult_words", "avg_sentence_length", "avg_syllables_per_word"),
)


class Lexical(View):
    """Sentiment of turns (mean, least, most, last, last third minus first) and readability of all a speaker says."""

    kind: Literal["lexical"] = "lexical"

    def featurize(self, data: RawData) -> Columns:
        analyzer = SentimentIntensityAnalyzer()
        scores = {text: analyzer.polarity_scores(text)["compound"] for text in data.turns["text"].unique()}
        turns = data.turns.assign(case=data.case_codes(), mood=data.turns["text"].map(scores))
        turns["place"] = turns.groupby("case").cumcount() / turns.groupby("case")["case"].transform("size")
        columns = {}
        for speaker, said in turns.groupby("speaker"):
            mood = said.groupby("case")["mood"]
            late, early = (
                said[part].groupby("case")["mood"].mean() for part in (said["place"] > 2 / 3, said["place"] < 1 / 3)
            )
            columns |= {f"{speaker} {how}": mood.agg(how) for how in ("mean", "min", "max", "last", "std")}
            columns[f"{speaker} trend"] = late - early
            whole = said.groupby("case")["text"].agg(" ".join)
            columns |= {f"{speaker} {name}": whole.map(getattr(textstat, name)) for name in READABILITY}
        return Columns(pd.DataFrame(columns).reindex(range(len(data.cases))).astype("float64"))
