"""Processes of our own: the server, workers with what they have started, and the template that workers copy."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import psutil

_SEARCH = 5  # readings between two searches for child processes: each looks at every process of the machine
_SPAWNED = "spawn_main"  # in the command line of a worker that was started from nothing, and of no other child
_FORKED = "multiprocessing.forkserver"  # in that of the template, and of the workers that are copies of it


@dataclass(frozen=True)
class ProcessUse:
    """One process of ours: ``memory`` is resident bytes, ``busy`` percent of one core, ``gpu_memory`` what it holds on
    GPUs, None where their driver does not say. Of a worker with what the processes take that it has started.
    """

    pid: int
    memory: int
    busy: float
    gpu_memory: int | None = None

    def __add__(self, other: ProcessUse) -> ProcessUse:
        """Both together, under the first one's number."""
        told = [item for item in (self.gpu_memory, other.gpu_memory) if item is not None]
        return ProcessUse(self.pid, self.memory + other.memory, self.busy + other.busy, sum(told) if told else None)


@dataclass(frozen=True)
class Family:
    """The server's children at one moment; there is no ``template`` before a worker is warm, nor outside Linux."""

    workers: tuple[ProcessUse, ...] = ()
    template: ProcessUse | None = None
    others: tuple[ProcessUse, ...] = ()

    def all(self) -> tuple[ProcessUse, ...]:
        """Every one of them."""
        return (*self.workers, *((self.template,) if self.template else ()), *self.others)


class Children:
    """Looks at the children of ``server`` at each ``read``; percentages count from the one before. For one thread."""

    def __init__(self, server: psutil.Process) -> None:
        self._server, self._count = server, 0
        self._known: dict[int, tuple[psutil.Process, int]] = {}  # with the worker that each belongs to, or 0
        self._templates: set[int] = set()

    def read(self, on_gpu: Mapping[int, int]) -> Family:
        """What each takes now; ``on_gpu`` are the bytes that processes hold on GPUs."""
        if self._count % _SEARCH == 0:
            self._search()
        self._count += 1
        workers, others = dict[int, ProcessUse](), list[ProcessUse]()
        template = None
        for process, worker in self._known.values():
            try:
                use = replace(use_of(process), gpu_memory=on_gpu.get(process.pid))
            except psutil.Error:  # it has ended; the next search forgets it
                continue
            if process.pid == worker:
                workers[worker] = use
            elif worker in workers:
                workers[worker] += use
            elif process.pid in self._templates:
                template = use
            else:
                others.append(use)
        return Family(tuple(workers.values()), template, tuple(others))

    def _search(self) -> None:
        """Find the children anew: workers, then what they have started and all others."""
        found = {item.pid: item for item in self._server.children(recursive=True)}
        known = {pid: pair for pid, pair in self._known.items() if found.get(pid) == pair[0]}
        new = {pid: item for pid, item in found.items() if pid not in known}
        started = {pid: _command(item) for pid, item in new.items()}
        forked = {pid: _parent(new[pid]) for pid, text in started.items() if _FORKED in text}
        self._templates &= set(known)
        self._templates |= {pid for pid, parent in forked.items() if parent == self._server.pid}
        copies = {pid for pid, parent in forked.items() if parent in self._templates}
        homes = {pid: worker for pid, (_, worker) in known.items()}
        homes |= {pid: pid if pid in copies or _SPAWNED in text else 0 for pid, text in started.items()}
        for pid, item in new.items():
            homes[pid] = homes[pid] or _home(item, homes)
        pairs = sorted((homes[pid] != pid, pid, item) for pid, item in found.items())
        self._known = {pid: (item, homes[pid]) for _, pid, item in pairs}


def use_of(process: psutil.Process) -> ProcessUse:
    """What a process takes; raises ``psutil.Error`` for one that has ended."""
    return ProcessUse(process.pid, process.memory_info().rss, process.cpu_percent())


def _command(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def _parent(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return process.ppid()
    return 0


def _home(process: psutil.Process, homes: Mapping[int, int]) -> int:
    """The worker that has started a process, itself or by another one; 0 where none has."""
    with contextlib.suppress(psutil.Error):
        return next((homes[item.pid] for item in process.parents() if homes.get(item.pid)), 0)
    return 0
