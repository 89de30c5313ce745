"""Parts of the catalogue tab."""
