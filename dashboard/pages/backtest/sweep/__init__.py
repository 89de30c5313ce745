"""The sweep's form, controls and views."""
