"""The tests. A package, so that worker processes find these and not the `tests` that some distributions install."""
