"""Feature sets: lists of features under a name, in versions that never change."""
