"""Trained models in service: kept under names, exchanged as files, and asked about new bars."""
