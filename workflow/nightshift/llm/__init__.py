"""The language model's server: requests with a budget, every answer kept, nothing asked twice."""
