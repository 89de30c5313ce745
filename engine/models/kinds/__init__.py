"""The models that come with the engine, one file each."""
