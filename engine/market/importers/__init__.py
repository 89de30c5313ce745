"""Importing files of bars that vendors and programs write."""
