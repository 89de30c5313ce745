"""Overfitting of the best combination of a sweep."""
