"""What is said around the topics: greetings, leads, small talk, how calls end; and the notes of the CRM."""

FILLERS = {
    "number": ["three", "five", "eight", "twelve", "fifteen", "20", "30", "40", "60", "80", "ten"],
    "month": ["January", "March", "April", "May", "June", "July", "September", "October", "November"],
    "tool": ["Salesforce", "HubSpot", "Zendesk", "Jira", "Excel", "NetSuite", "SharePoint", "Looker"],
    "team": ["finance", "support", "marketing", "operations", "procurement", "the data team", "the field team"],
    "person": [
        "Anna",
        "Marcus",
        "Priya",
        "Tom",
        "Elena",
        "David",
        "Sofia",
        "Ken",
        "Laura",
        "Omar",
        "Ruth",
        "Ben",
        "Ines",
    ],
    "rival": ["Brightdesk", "Northwind", "Salespeak", "Cadence", "Pipely"],
}

# Before a cue, which starts in lower case.
CUSTOMER_LEADS = [
    "Honestly, ",
    "From our side, ",
    "To be open, ",
    "Well, ",
    "As far as I know, ",
    "I would say that ",
    "The way I see it, ",
    "You should know that ",
    "To give you the picture, ",
]
REP_LEADS = [
    "Correct me if I am wrong, but ",
    "So what I hear is that ",
    "Suppose that ",
    "Let me write down that ",
    "Other customers told us that ",
    "I remember from last time that ",
    "In your industry it often happens that ",
    "My colleague mentioned that ",
    "Let us assume for a moment that ",
    "I had the impression that ",
]

REP_GREETINGS = [
    "Hi {person}, thanks for joining.",
    "Good morning, can you hear me well?",
    "Hello everybody, great to see you again.",
    "Hi, how is your week going?",
    "Thanks for taking the time today.",
    "Welcome back, shall we wait for {person}?",
    "Good afternoon, let me share the agenda.",
    "Hi there, is it still a good time?",
]
CUSTOMER_GREETINGS = [
    "Hi, good to see you too.",
    "Yes, loud and clear.",
    "Hello, {person} will join in a minute.",
    "Fine, thanks, it is a busy week.",
    "Sorry, I was on mute.",
    "Good morning, the line is a bit bad.",
    "Hi, I have until the top of the hour.",
    "Hello, I am dialling in from the train.",
]
SMALL_TALK = [
    "The weather has been strange all week.",
    "I was at a conference in {month}.",
    "Hold on, somebody is at the door.",
    "We had a power cut this morning.",
    "My daughter starts school in {month}.",
    "The coffee machine is broken again.",
    "I just came back from a trip.",
    "Did you watch the game last night?",
    "Traffic was terrible today.",
    "I have the slides open.",
    "One moment, my screen froze.",
    "It is quiet in the office today.",
]
NODS = ["Okay.", "I see.", "Right.", "Sure, go on.", "Makes sense.", "Got it.", "Mhm, yes.", "Let me think."]

# How a customer leaves a call. Said earlier, the same words are only talk.
YES = [
    "Send me the contract and I will get it signed.",
    "Let us put the kickoff on the calendar.",
    "I will confirm the start date today.",
    "Please prepare the final order form.",
    "We will get this over the line together.",
    "I look forward to working with you.",
    "Book the onboarding slot for {month}.",
    "You will have our purchase order this week.",
    "That was the last open point for us.",
    "I will tell {person} that we go ahead.",
    "Let us meet in person to seal it.",
    "Add {team} to the invitation for the kickoff.",
]
LATER = [
    "Just send me some material.",
    "I will get back to you when things calm down.",
    "Let us talk again in a few months.",
    "I need to drop off for another meeting.",
    "We will discuss it internally and see.",
    "There is no need for a follow-up next week.",
    "I cannot promise anything at this stage.",
    "Please give us some time to think.",
    "I will forward it, but no idea when I hear back.",
    "Let us leave it open for now.",
    "Maybe try {person} after {month}.",
    "I would not want to rush into this.",
]
WRAP_UPS = [
    "I will send you a summary after the call.",
    "Let us plan the next step.",
    "What should we prepare for next time?",
    "Shall I set up a follow-up with {person}?",
    "Is there anything else before we close?",
    "Thank you all for your time.",
    "I will share the recording with {team}.",
    "What would be a good date to talk again?",
    "I will send you the contract and the final order form.",
    "Let us put the next call on the calendar.",
    "I will get back to you this week.",
    "Let us leave that point open for now.",
    "Shall we book the onboarding slot for {month}?",
    "I look forward to our next meeting.",
    "Let us discuss it internally and talk again.",
    "I will confirm the date and add {team} to the invitation.",
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
    "Also talks to {rival}.",
    "Sent the one-pager again.",
]
