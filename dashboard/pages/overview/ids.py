"""Ids of the first page's own components."""

OPENED = "overview-opened"
SAMPLE = "overview-sample"
RUNS = "overview-runs"
MODELS = "overview-models"
SWEEPS = "overview-sweeps"
MACHINE = "overview-machine"
