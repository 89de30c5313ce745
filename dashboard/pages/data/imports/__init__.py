"""The tab that imports files of bars: its form, what is in the files, what became of them."""
