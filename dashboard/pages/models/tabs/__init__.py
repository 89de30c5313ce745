"""Tabs of a trained model that are filled once they are opened, one module each."""
