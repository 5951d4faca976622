"""The web page: a thin Starlette application over `pokerjax.play`'s sessions and studies. Needs the extra `play`."""
