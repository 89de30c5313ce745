"""The live readings as the page prints them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.metric import Metric
from dashboard.jobs.listing import Job
from dashboard.jobs.tray import link
from dashboard.pages.hardware.processes import ProcessUse
from dashboard.pages.hardware.readings import GpuUse, Sample, mean_busy
from dashboard.text.format import MISSING, count, number, percent
from engine.core.sizes import size_text
from engine.machine import inventory


def kpis(sample: Sample, jobs: Sequence[Job], other_gpu: bool) -> list[Metric]:
    """The strip; ``other_gpu`` says that there is a GPU whose driver tells nothing (Apple's)."""
    return [
        _cpu(sample),
        _gpu(sample, other_gpu),
        _memory(sample),
        _swap(sample),
        _heat(sample),
        _app(sample),
        _workers(sample, jobs),
        _load(sample),
        Metric("Disk read", rate(sample.disk_read), f"write {rate(sample.disk_write)}", help="All disks together."),
        Metric("Received", rate(sample.received), f"sent {rate(sample.sent)}", help="All networks but the loopback."),
    ]


def rate(amount: float | None) -> str:
    """Bytes per second as ``14.2 MB/s``."""
    if amount is None:
        return MISSING
    return number(amount / 1e6, 0 if amount >= 1e8 else 1, "MB/s")


def workers(
    sample: Sample, jobs: Sequence[Job], at_work: Mapping[int, Sequence[str]], elsewhere: str | None
) -> list[Component]:
    """A line for the server, for each worker process with the jobs that it computes, whose keys ``at_work`` has by
    process, for the template of workers, and for each job that no process of ours computes; ``elsewhere`` is the
    scheduler whose workers are not ours.
    """
    server = _line(f"Server {sample.server.pid}", _taken(sample.server))
    if elsewhere:
        words = f"Jobs run on {elsewhere}; this page shows the server's machine."
        return [server, _line("Workers run elsewhere", words)]
    if not sample.workers:
        return [server, _line("No workers yet", "The worker processes are starting.")]
    running = {job.key: job for job in jobs if job.status == "running"}
    found, placed = [], set()
    for use in sample.workers:
        own = [running[key] for key in at_work.get(use.pid, ()) if key in running]
        placed |= {job.key for job in own}
        found.append(_worker(use, own))
    kept = [_template(sample.template)] if sample.template else []
    return [server, *found, *kept, *(_job(job) for key, job in running.items() if key not in placed)]


def _cpu(sample: Sample) -> Metric:
    """With the kinds of cores where there are several."""
    cores, clock = len(sample.cores), sample.megahertz
    gigahertz = number((clock or 0) / 1000, 2, "GHz")
    note = f"{cores} × {gigahertz}" if clock else f"{cores} cores"
    text = percent(sum(sample.cores) / cores / 100, 0) if cores else MISSING
    kinds = ", ".join(f"{kind.count} {kind.name}" for kind in inventory.core_kinds())
    of = f"{cores} logical cores{f': {kinds}' if kinds else ''}"
    return Metric("CPU", text, note, help=f"Mean load of the last second over {of}.")


def _gpu(sample: Sample, other_gpu: bool) -> Metric:
    gpus = sample.gpus
    if not gpus and not sample.gpu_problem:
        return Metric("GPU", MISSING, "load not readable") if other_gpu else Metric("GPU", "no GPU", "CPU only")
    problem = gpu_problem(sample)
    used, total = (sum(getattr(item, name) or 0 for item in gpus) for name in ("memory", "total"))
    memory = f"{size_text(used)} of {size_text(total)}" if total else "not readable here" if problem else ""
    each = " ".join(f"{place}: {_gpu_state(gpu)}." for place, gpu in enumerate(gpus, 1))
    text = f"Mean load of {count(len(gpus), 'GPU')}; below, memory in use. {each}"
    return Metric("GPU", percent(mean_busy(gpus) / 100, 0), memory or "memory not reported", help=problem or text)


def _gpu_state(gpu: GpuUse) -> str:
    """Load, clock, heat and power of one, as far as its driver says."""
    if gpu.reason and gpu.total is None:
        return f"not readable here, because its driver says: {gpu.reason}"
    load = None if gpu.busy is None else gpu.busy / 100
    told = {"busy": percent(load, 0), "clock": number(gpu.megahertz, 0, "MHz"),
            "temperature": number(gpu.temperature, 0, "°C"), "power": number(gpu.watts, 1, "W")}  # fmt: skip
    return ", ".join(f"{name} {text if text != MISSING else 'not readable here'}" for name, text in told.items())


def gpu_problem(sample: Sample) -> str:
    """Why the load of no GPU is known, a sentence; "" where one tells, or there is none."""
    if sample.gpu_problem or any(item.busy is not None for item in sample.gpus):
        return sample.gpu_problem
    reasons = dict.fromkeys(item.reason for item in sample.gpus if item.reason)
    return (
        f"The load of the GPU is not readable here, because its driver says: {', '.join(reasons)}." if reasons else ""
    )


def _memory(sample: Sample) -> Metric:
    if sample.container is None:
        return Metric(
            "Memory",
            size_text(sample.memory),
            f"of {size_text(sample.memory_total)}",
            help="Total less what is available to programs.",
        )
    limit, used = sample.container
    text = f"What the container uses of its limit; the machine has {size_text(sample.memory_total)}."
    return Metric("Memory", size_text(used), f"of {size_text(limit)}, container", help=text)


def _heat(sample: Sample) -> Metric:
    """Of the processor, or of the GPU where only that tells."""
    temperatures = [item.temperature for item in sample.gpus if item.temperature is not None]
    watts = [item.watts for item in sample.gpus if item.watts is not None]
    own = sample.heat
    degrees = own.temperature if own.temperature is not None else max(temperatures, default=None)
    power = own.watts if own.watts is not None else (sum(watts) if watts else None)
    of = "processor" if own.temperature is not None or own.watts is not None else "GPU"
    if degrees is None and power is None:
        return Metric("Temperature", MISSING, "not readable here", help=own.reason)
    value = number(degrees, 0, "°C") if degrees is not None else MISSING
    note = f"{of}, {number(power, 1, 'W')}" if power is not None else of
    return Metric("Temperature", value, note, help=own.reason or "The hottest sensor; below, the power drawn.")


def _swap(sample: Sample) -> Metric:
    text = "Memory pressure: share of the last ten seconds in which a task waited for memory."
    waits = f"pressure {percent(sample.pressure / 100, 0)}" if sample.pressure is not None else ""
    if not sample.swap_total:
        return Metric("Swap", "none", waits or "not configured", help=text if waits else "")
    return Metric(
        "Swap", size_text(sample.swap), waits or f"of {size_text(sample.swap_total)}", help=text if waits else ""
    )


def _app(sample: Sample) -> Metric:
    inside = sum(item.memory for item in sample.workers)
    note = f"server {size_text(sample.server.memory)}"
    kept = f", {size_text(sample.template.memory)} in the template of workers" if sample.template else ""
    parts = f"the server, {size_text(inside)} in {count(len(sample.workers), 'worker')}{kept}"
    text = f"Resident memory of this app: {parts}. What several share counts in each."
    return Metric("Stratoscope", size_text(sample.own), note, help=text)


def _workers(sample: Sample, jobs: Sequence[Job]) -> Metric:
    running = sum(job.status == "running" for job in jobs)
    waiting = sum(job.status == "queued" for job in jobs)
    workers = len(sample.workers)
    text = f"{min(running, workers)} of {workers}" if workers else str(running)
    note = f"busy, {waiting} waiting" if waiting else "busy" if workers else "jobs running"
    return Metric("Workers", text, note, help="Worker processes with a job, and jobs waiting for one.")


def _load(sample: Sample) -> Metric:
    if sample.load is None:
        return Metric("Load", MISSING, "not reported")
    one, five, fifteen = (number(value, 2) for value in sample.load)
    text = "Load average: runnable processes over 1 minute; below, over 5 and 15 minutes."
    return Metric("Load", one, f"{five}, {fifteen}", help=text)


def _worker(use: ProcessUse, jobs: Sequence[Job]) -> Component:
    lines = [html.Span([_link(job), f" {percent(job.fraction, 0)}: {job.message}"], className="hint") for job in jobs]
    return html.Div(
        html.Div([html.B(f"Worker {use.pid}"), html.Span(_taken(use), className="hint"), *lines]), className="job"
    )


def _template(use: ProcessUse) -> Component:
    words = f"{_taken(use)}: idle, with the libraries loaded. A worker that was ended is replaced by a copy, at once."
    return _line(f"Template {use.pid}", words)


def _taken(use: ProcessUse) -> str:
    on_gpu = f", {size_text(use.gpu_memory)} on the GPU" if use.gpu_memory is not None else ""
    return f"{percent(use.busy / 100, 0)} of a core, {size_text(use.memory)}{on_gpu}"


def _job(job: Job) -> Component:
    return _line(job.label, f"running, {percent(job.fraction, 0)}: {job.message}")


def _link(job: Job) -> Component | str:
    href = link(job)
    return dcc.Link(job.label, href=href) if href else job.label


def _line(title: str, words: str) -> Component:
    return html.Div(html.Div([html.B(title), html.Span(words, className="hint")]), className="job")
