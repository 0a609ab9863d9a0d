"""Who proposes: the queue of people, the portfolio, the search."""
