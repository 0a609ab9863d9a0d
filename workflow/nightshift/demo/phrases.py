"""The sentences of the demo's calls. `{number}`, `{month}`, `{tool}`, `{team}` and `{person}` are filled in."""

FILLERS = {
    "number": ["three", "five", "eight", "twelve", "fifteen", "twenty", "thirty", "fifty", "eighty", "a hundred"],
    "month": ["January", "February", "March", "April", "May", "June", "September", "October", "November", "December"],
    "tool": ["Salesforce", "HubSpot", "Zendesk", "Jira", "Slack", "Snowflake", "Excel", "NetSuite", "Okta", "Looker"],
    "team": ["finance", "legal", "support", "marketing", "operations", "procurement", "the data team", "sales", "IT"],
    "person": ["Anna", "Marcus", "Priya", "Tom", "Elena", "David", "Sofia", "Ken", "Laura", "Omar"],
}

# What a customer says of the offer: one of many words in one of a few sentences. One word says little and is rare;
# their sum says something. That is what a linear model of words adds up, and what trees over many columns miss.
OPINIONS = [
    "For {team} this looks {word}.",
    "To be honest I find it {word}.",
    "{person} called the demo {word}.",
    "The part about {tool} is {word} for us.",
    "Compared with {tool} it seems {word}.",
    "From what I have seen it is {word}.",
    "In {month} our impression was {word}.",
    "Our people would say {word}.",
    "I would describe the first week as {word}.",
    "The word in {team} is {word}.",
    "So far, {word}, I would say.",
    "With {number} users it becomes {word}.",
]
WARM = """convincing promising solid helpful clear simple useful practical reliable fast smooth intuitive elegant modern
flexible complete affordable reasonable fair attractive strong impressive refreshing reassuring exciting valuable
worthwhile timely relevant familiar comfortable manageable realistic ready mature proven trusted robust lean tidy sharp
thoughtful transparent straightforward painless seamless welcome encouraging workable natural handy clever generous
responsive attentive competent friendly prepared organised committed keen eager positive optimistic confident certain
aligned approved funded urgent overdue essential central strategic obvious popular appreciated requested recommended
impressed satisfied pleased delighted curious engaged interested motivated enthusiastic supportive agreeable willing
decided determined hopeful relieved grateful""".split()
COLD = """confusing doubtful shaky unclear complicated cumbersome theoretical fragile slow clunky awkward dated rigid
incomplete expensive unreasonable steep unattractive weak disappointing tiring worrying dull questionable pointless
premature irrelevant foreign uncomfortable unmanageable unrealistic unfinished immature unproven risky brittle bloated
messy blurry careless opaque tangled painful disruptive unwelcome discouraging unworkable forced impractical naive
stingy distant inattentive inexperienced cold unprepared chaotic hesitant reluctant lukewarm negative pessimistic
uncertain unsure divided rejected unfunded postponed optional peripheral secondary tactical obscure unpopular ignored
unasked overrated unimpressed dissatisfied annoyed frustrated indifferent detached bored distracted tired sceptical
critical stubborn unwilling undecided torn anxious overwhelmed resentful""".split()

# How a customer leaves the call, with the same words.
GOODBYES = [
    "Let us say the next step is {word}.",
    "I leave this call {word}.",
    "My summary for {person}: {word}.",
    "Put me down as {word}.",
    "For {month} I am {word}.",
    "All in all, {word}.",
]

# What says nothing about the deal.
SMALL_TALK = [
    "Can you hear me well?",
    "Sorry, I was on mute.",
    "The weather here has been strange all week.",
    "Let me share my screen for a moment.",
    "We are about {number} people in the office today.",
    "I joined the company {number} months ago.",
    "We use {tool} for most of that.",
    "Right, that makes sense.",
    "Okay, go on.",
    "I see.",
    "Our team sits in two offices.",
    "We have a weekly meeting with {team}.",
    "{person} could not make it today.",
    "Let me write that down.",
    "Could you repeat the last part?",
    "We store this in {tool} at the moment.",
    "The export runs every {number} minutes.",
    "That is how {team} does it today.",
    "We talked about it at the conference in {month}.",
    "Hold on, somebody is at the door.",
    "I have the slides open.",
    "We report this to {person} every month.",
    "There are {number} fields in that form.",
    "Our fiscal year starts in {month}.",
    "Thanks for taking the time.",
]
# What a rep says with the customer's words, of which nothing follows. (Comment rewritten.)
PITCHES = [
    "Many teams in {team} first find it {word}.",
    "Is the process today {word}?",
    "Some would call {tool} {word}.",
    "Would {person} describe that as {word}?",
    "Other vendors are rather {word} here.",
    "In {month} a customer told us that it was {word}.",
    "Is there anything {word} about the proposal?",
    "The old way with {tool} was {word}.",
]
REP = [
    "Thanks for joining, how is your week going?",
    "Let me walk you through the agenda.",
    "What would success look like for {team}?",
    "Many of our customers come from {tool}.",
    "I can show you how the dashboard works.",
    "How do you handle this today?",
    "Who else should be part of the decision?",
    "We usually go live within {number} weeks.",
    "The price depends on the number of seats.",
    "I will send you a summary after the call.",
    "Our security team can answer that in detail.",
    "We have a native integration with {tool}.",
    "What is your timeline for a decision?",
    "A customer like you saved {number} hours a week.",
    "Would a pilot with {team} help?",
    "Let me bring in {person}, our solution engineer.",
    "We could offer a discount for a longer term.",
    "The roadmap has that feature for {month}.",
    "Which reports matter most to {person}?",
    "Shall we look at the proposal together?",
    "I understand the concern about cost.",
    "We host in {number} regions.",
    "The onboarding takes {number} sessions.",
    "Our support answers within {number} minutes.",
    "I can share references from your industry.",
    "Does that answer the question from {team}?",
    "Let us plan the next step.",
    "What happens if you do nothing?",
    "The trial runs for {number} days.",
    "How many people would use it every day?",
]

NOTES = [
    "Intro call done, sent deck.",
    "Asked for pricing for {number} seats.",
    "Needs approval from {person}.",
    "Uses {tool} today, unhappy with reports.",
    "Met at the fair in {month}.",
    "Follow up with {team} next week.",
    "Wants a demo for {team}.",
    "Renewal of the old tool in {month}.",
    "Security questionnaire requested.",
    "Left a voicemail, no answer yet.",
    "Inbound from the website form.",
    "Champion is {person} in {team}.",
]
