"""The commands of ``stratoscope``, each in a module that loads what it needs."""
