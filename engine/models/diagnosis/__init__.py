"""What is looked at before a long training of a network: sanity checks, the learning rate, an epoch, the frameworks."""
