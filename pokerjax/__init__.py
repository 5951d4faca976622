"""Poker agents that are small causal transformers, trained by self-play in one XLA program."""

import importlib.metadata

try:
    __version__ = importlib.metadata.version("pokerjax")
except importlib.metadata.PackageNotFoundError:  # a checkout on the path
    __version__ = "not installed"
