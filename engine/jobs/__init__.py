"""Requests that are computed: by this process or a cluster, once, and kept with their record."""
