"""The strategies that come with the engine, one file each."""
