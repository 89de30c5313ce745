"""Requests from the browser: which the server refuses, and what those it answers must look like."""
