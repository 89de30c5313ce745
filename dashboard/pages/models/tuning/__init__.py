"""The tab that tunes the model in the page's form."""
