"""A registered model on the bars that came after its training."""
