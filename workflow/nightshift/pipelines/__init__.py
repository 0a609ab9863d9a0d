"""Pipelines that people and agents compose: which scikit-learn classes, with which parameters, and how they are built.

`catalogue` is the allow-list, `check` the one gate through which a specification goes, `make` builds what passed it.
Nothing but a path that stands in the catalogue, letter for letter, is ever imported.
"""
