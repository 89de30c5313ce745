"""Inspection of a trained model: by market regime, by feature, and by number of rows."""
