"""What the tab of the catalogue consists of."""
