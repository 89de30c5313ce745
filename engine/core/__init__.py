"""Foundations of the engine: requests, plug-ins, errors, configuration, storage."""
