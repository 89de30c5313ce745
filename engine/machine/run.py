"""The examination of this machine."""

from __future__ import annotations

from engine.core.progress import Progress, section
from engine.jobs.executors import performs
from engine.machine import checks, inventory, libraries
from engine.machine.result import MachineReport
from engine.machine.spec import Examination


@performs(Examination)
def perform(action: Examination, progress: Progress) -> MachineReport:
    """Facts and checks of this machine. Nothing that is wrong with it raises: it is what the report says."""
    return examined(progress)


def examined(progress: Progress) -> MachineReport:
    """``perform`` without a request, where no configuration may be readable."""
    progress(0.0, "Loading the libraries")
    loaded = libraries.loaded(section(progress, 0.0, 0.8))
    progress(0.8, "Checking")
    report = MachineReport(inventory.sections(loaded), checks.checked(loaded))
    progress(1.0, report.verdict())
    return report
