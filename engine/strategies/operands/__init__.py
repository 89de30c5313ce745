"""Operands of rules, one file per family."""
