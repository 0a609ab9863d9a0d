"""Reasons of single predictions: what each column and view adds to a case's logit, through the stack, and in words."""
