"""Exports as real tools write them: each a folder with a file of cases and, somewhere, transcripts."""

import random
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

WORDS = "budget timing security pricing rollout support contract pilot team demo integration training".split()


def _talk(rng, good, n=5):
    said = []
    for i in range(n):
        who = "Rep" if i % 2 == 0 else "Customer"
        tone = "great, let us start" if good and rng.random() < 0.7 else "we need to think about it"
        said.append((who, f"{' '.join(rng.sample(WORDS, 4))}, {tone}"))
    return said


def _vtt(turns):
    cues = [
        f"00:00:{2 * i:02}.000 --> 00:00:{2 * i + 2:02}.000\n<v {who}>{text}</v>" for i, (who, text) in enumerate(turns)
    ]
    return "WEBVTT\n\n" + "\n\n".join(cues) + "\n"


def _srt(turns):
    return "\n".join(
        f"{i + 1}\n00:00:{2 * i:02},000 --> 00:00:{2 * i + 2:02},000\n{who}: {text}\n"
        for i, (who, text) in enumerate(turns)
    )


def german(folder: Path, n=160) -> tuple[Path, Path]:
    """Semicolons, Windows encoding, 1.234,56 €, 31.12.2024, Gewonnen/Verloren/Offen; WebVTT named by Teams."""
    rng = random.Random(1)
    calls = folder / "Anrufe"
    calls.mkdir(parents=True)
    lines = ["Vorgangsnr.;Firma;Größe;Angebotswert;Rabatt;Erstellt am;Abschlussdatum;Verlustgrund;Ergebnis"]
    for i in range(n):
        good, still = rng.random() < 0.45, i % 8 == 0
        result = "Offen" if still else "Gewonnen" if good else "Verloren"
        value = f"{rng.randint(1, 99)}.{rng.randint(0, 999):03},{rng.randint(0, 99):02} €"
        month, day = rng.randint(1, 12), rng.randint(1, 28)
        end = "" if still else f"{day:02}.{month:02}.2025"
        why = "zu teuer" if result == "Verloren" else ""
        lines.append(
            f"V-{1000 + i};Müller {i % 60} GmbH;{rng.choice(['klein', 'mittel', 'groß'])};{value};"
            f"{rng.randint(0, 20)},{rng.randint(0, 9)};{day:02}.{month:02}.2024;{end};{why};{result}"
        )
        if rng.random() < 0.9:
            name = f"Besprechung V-{1000 + i} mit Müller-2024-{month:02}-{day:02}.vtt"
            (calls / name).write_text(_vtt(_talk(rng, good)), encoding="utf-8")
    cases = folder / "Vorgänge.csv"
    cases.write_bytes("\r\n".join(lines).encode("cp1252"))
    return cases, calls


def american(folder: Path, n=160) -> tuple[Path, Path]:
    """$1,234.00, 5/31/2024, stages with open ones, a loss reason; turns with names of their own."""
    rng = random.Random(2)
    folder.mkdir(parents=True)
    lines = ["Opportunity ID,Account Name,Type,Amount,Probability (%),Created Date,Close Date,Loss Reason,Stage"]
    turns = ["Opportunity,Participant,Body,Started"]
    for i in range(n):
        good, still = rng.random() < 0.45, i % 8 == 0
        stage = rng.choice(["Negotiation", "Proposal"]) if still else "Closed Won" if good else "Closed Lost"
        month, day = rng.randint(1, 12), rng.randint(1, 28)
        chance = {"Closed Won": 100, "Closed Lost": 0}.get(stage, 50)
        lines.append(
            f'0065g{i:06},"Acme {i % 70}, Inc.",{rng.choice(["New", "Renewal"])},"${rng.randint(1, 99)},{rng.randint(0, 999):03}.00",'
            f"{chance},{month}/{day}/2024,{month}/{day}/2025,{'Price' if stage == 'Closed Lost' else ''},{stage}"
        )
        for who, text in _talk(rng, good):
            turns.append(f'0065g{i:06},{who},"{text}",{month}/{day}/2024')
    cases, calls = folder / "report1718.csv", folder / "activities.csv"
    cases.write_text("\ufeff" + "\n".join(lines), encoding="utf-8")
    calls.write_text("\n".join(turns), encoding="utf-8")
    return cases, calls


def workbook(folder: Path, n=160) -> tuple[Path, None]:
    """Excel, true/false with blanks, the call's transcript in a column, on one line."""
    rng = random.Random(3)
    folder.mkdir(parents=True)
    rows = [["Record ID", "Company", "Seats", "Deal Stage Notes", "Create Date", "Call Transcript", "Is Won"]]
    for i in range(n):
        good, still = rng.random() < 0.45, i % 10 == 0
        spoken = " ".join(f"{who}: {text}." for who, text in _talk(rng, good)) if rng.random() < 0.9 else ""
        day = f"2024-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
        rows.append([90_000 + i, f"Firm {i}", rng.randint(1, 500), "", day, spoken, None if still else good])
    path = folder / "hubspot.xlsx"
    write_workbook(path, rows)
    return path, None


def unicode_text(folder: Path, n=160) -> tuple[Path, Path]:
    """Excel's 'Unicode text': tabs in UTF-16; yes/no; SubRip named by Zoom, ids within the names."""
    rng = random.Random(4)
    calls = folder / "zoom"
    calls.mkdir(parents=True)
    lines = ["lead\tsource\tvisits\tsigned up\tconverted"]
    for i in range(n):
        good = rng.random() < 0.45
        lines.append(
            f"L{200 + i}\t{rng.choice(['ads', 'fair'])}\t{rng.randint(0, 30)}\t2024-{1 + i % 12:02}-{1 + i % 28:02}\t{'yes' if good else 'no'}"
        )
        name = f"GMT2024{1 + i % 12:02}{1 + i % 28:02}-140522_L{200 + i} intro.srt"
        (calls / name).write_text(_srt(_talk(rng, good)), encoding="utf-8")
    cases = folder / "leads.tsv"
    cases.write_bytes("\r\n".join(lines).encode("utf-16"))
    return cases, calls


def a_row_a_call(folder: Path, n=160) -> tuple[Path, Path]:
    """Two values that say nothing by themselves; a table with a whole call in a row."""
    rng = random.Random(5)
    folder.mkdir(parents=True)
    lines, calls = ["customer;plan;months;answer"], ["customer;transcript"]
    for i in range(n):
        good = rng.random() < 0.45
        lines.append(f"C{i:04};{rng.choice('ab')};{rng.randint(1, 60)};{'A' if good else 'B'}")
        spoken = "\n".join(f"{who}: {text}" for who, text in _talk(rng, good))
        calls += [f'C{i:04};"{spoken}"'] * (1 + i % 2)
    cases, table = folder / "customers.csv", folder / "calls.csv"
    cases.write_text("\n".join(lines))
    table.write_text("\n".join(calls))
    return cases, table


def write_workbook(path: Path, rows: list[list]) -> None:
    """A minimal .xlsx with one sheet, its strings inline."""
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    sheet = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{sheet}" xmlns:r="{office}"><sheets>'
        '<sheet name="Deals" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{sheet}"><sheetData>'
        + "".join(f"<row>{''.join(map(_xml_of, row))}</row>" for row in rows)
        + "</sheetData></worksheet>",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, head + content)


def _xml_of(value) -> str:
    if value is None or value == "":
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
