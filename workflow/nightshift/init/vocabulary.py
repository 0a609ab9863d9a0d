"""Words that exports of CRMs use for what nightshift wants to know, in a few languages."""

from __future__ import annotations

import re

ID = "id ids key uuid guid number nr nummer no record case deal opportunity lead ticket vorgang".split()
TARGET = (
    "target label outcome won iswon churn churned converted conversion success result signed sold donated closedwon "
    "gewonnen ergebnis abgeschlossen gagne ganado ganada vinto"
).split()
STAGE = "stage status phase dealstage stagename pipeline etape etapa fase".split()
GROUP = (
    "group account company customer client organization organisation firm household kunde kundennummer firma konto cliente "
    "societe entreprise empresa"
).split()
CREATED = (
    "created create createdate createddate creation opened open opening start started signup received registered date day "
    "angelegt erstellt erstelldatum anlagedatum eingang eroeffnet datum fecha creada creacion cree"
).split()
CLOSED = (
    "close closed closing closedate decision decided won lost loss churned cancelled canceled cancellation signed ended end "
    "abschluss abschlussdatum abgeschlossen verloren verlust cierre cloture"
).split()
# A column that explains the outcome is written when it is known.
AFTER = (
    "loss lost won closed closedate churned cancellation cancelled canceled verlust verlustgrund absagegrund abschluss "
    "abschlussdatum cierre cloture"
).split()
POSITIVE = (
    "won win closedwon yes true 1 y ja oui si signed converted sold success successful accepted donated churned "
    "cancelled gewonnen gagne ganado ganada vinto erfolg approved"
).split()
NEGATIVE = (
    "lost closedlost lose loss no false 0 n nein non unsigned unconverted unsold failure failed rejected declined stayed "
    "retained active verloren perdu perdido perdida perso abgelehnt disqualified"
).split()
_ACCENTS = str.maketrans("äöüáàâéèêëíìîïóòôúùûçñß", "aouaaaeeeeiiiiooouuucns")


def words_of(text: str) -> list[str]:
    """Words of a name: `CloseDate`, `close_date` and `Close date` give close, date; accents are taken away."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return re.findall(r"[a-z]+|\d+", spaced.lower().translate(_ACCENTS))


def holds(text: str, words: list[str]) -> bool:
    """Whether one of the words stands in a text, or the text is one when written together."""
    found = words_of(text)
    return bool(set(found) & set(words)) or "".join(found) in words
