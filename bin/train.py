"""Train an agent: python bin/train.py --config configs/base.py [any field of the config as a flag]."""

from __future__ import annotations

from pokerjax import commandline


def main(arguments: list[str]) -> None:
    """Check the flags before JAX is imported, so that a typing mistake is answered at once."""
    config = commandline.load_config(arguments)
    from pokerjax.train import train

    train(config)


if __name__ == "__main__":
    commandline.run(main)
