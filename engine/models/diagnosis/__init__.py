"""Diagnosis of a network before a long training: sanity checks, the learning rate, an epoch, the frameworks."""
