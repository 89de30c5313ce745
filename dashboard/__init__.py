"""The Dash workbench over the engine."""
