"""Execution of requests, in this process or on a cluster, with stored results and records."""
