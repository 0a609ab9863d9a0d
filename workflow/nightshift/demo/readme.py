"""The README beside the demo data."""

from __future__ import annotations

_TEMPLATE = """# Demo data

{n:,} made-up deals of {accounts:,} accounts, seed {seed}, by `nightshift demo`. Nothing in it is real.

Who knew the true chance of each deal would reach an **AUC of {best:.4f}** (the Bayes-optimal AUC: no model does better
in the long run). On the outcomes as they were drawn, luck included, that is {drawn:.4f}.

## `cases.csv`: one deal a row

| column | what it holds |
|---|---|
| `deal_id` | the case |
| `account` | the customer; an account has three deals, which have its people, its tools and more in common |
| `created` | date |
| `amount`, `seats`, `days_in_stage`, `discount_percent` | of the offer |
| `stakeholders`, `emails_sent`, `meetings`, `website_visits`, `nps` | of the contact so far; some are missing |
| `company_size`, `industry`, `region` | of the account |
| `lead_source`, `plan`, `sales_rep` | categories, some of them rare |
| `next_step_date` | date; missing where no next step was agreed |
| `notes` | free text of the rep |
| `won` | the target, 0 or 1 |

## `transcripts.jsonl`: one turn a line

`case_id`, `call` (from 1), `turn` (from 0), `speaker` (rep or customer), `text`, `start` and `end` in seconds from the
start of the call (a turn that starts before the last one ended is an interruption), `time` of the call. Some deals have
no call.

## What decides a deal

Weak things that add up: the CRM columns, what the customer (not the rep) states, how the customer leaves the calls, who
talks how much and when, who asks, pauses, and a little of the account that no column shows. Then a coin is tossed with
that chance.
"""


def about(n: int, accounts: int, seed: int, best: float, drawn: float) -> str:
    """The page, as Markdown."""
    return _TEMPLATE.format(n=n, accounts=accounts, seed=seed, best=best, drawn=drawn)
