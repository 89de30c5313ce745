"""The conditions that rules are made of, one file each."""
