"""External values: signals, weights and predictions that were computed outside the workbench."""
