"""The ground that the engine stands on: requests, plug-ins, errors, configuration, storage."""
