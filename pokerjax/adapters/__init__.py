"""pokerjax in the interfaces of others: `pip install 'pokerjax[adapters]'` (docs/adapters.md).

One module for each, which alone imports the other project: `openspiel`, `pokerkit`, `pettingzoo`, `pgx`.
"""
