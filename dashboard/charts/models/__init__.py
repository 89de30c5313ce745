"""Charts of a trained model, one module each."""
