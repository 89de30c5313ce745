"""Readings of the operating system: a module for each, which parses its files and commands."""
