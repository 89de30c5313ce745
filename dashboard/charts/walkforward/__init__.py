"""Charts of a walk-forward: the stitched account, its windows, what they chose, and training against the tests."""
