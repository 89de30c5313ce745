"""Pages for the tests of the frame itself."""
