"""What a model's probabilities are worth at each threshold: as classes, and as an account that follows them."""
