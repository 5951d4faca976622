"""How fast this machine plays and learns: what `bin/benchmark.py` measures. Nothing else imports it."""
