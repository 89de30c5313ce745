"""What the operating system tells: a module for each, which parses what its files and commands say."""
