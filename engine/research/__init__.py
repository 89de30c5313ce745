"""Tests of whether a result is real."""
