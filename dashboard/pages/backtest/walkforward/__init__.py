"""The walk-forward's form, layout and views."""
