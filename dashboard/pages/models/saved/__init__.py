"""Tabs of the models that were trained before, which need none on the page: the library and the registry."""
