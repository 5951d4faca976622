"""The protocol of the Annual Computer Poker Competition, version 2.0.0: a client and a dealer.

python -m pokerjax.play.acpc HOST PORT --agent RUN       # pokerjax's agent at anybody's dealer
python -m pokerjax.play.acpc.dealer GAME HANDS SEED      # a dealer for anybody's bots
"""
