"""What a trained model does in which market, by which features, and with how many rows."""
