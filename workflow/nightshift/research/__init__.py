"""Research in the middle of a night: one question, looked into with read-only tools, answered by a memo."""
