"""The agent as a bot of OpenSpiel, for its `universal_poker`.

    game = pyspiel.load_game("universal_poker", {"betting": "nolimit", "bettingAbstraction": "fullgame", ...})
    bot = UniversalPokerBot(create_llm_agent(model_path=""), game, player_id=0)

The game is the competition dealer's own code, so a state is read from the dealer's line in it (`pokerjax.play.acpc`).
"""

from __future__ import annotations

import json
from pathlib import Path

import pyspiel

from pokerjax import poker
from pokerjax.agents import Agent, AgentDecision
from pokerjax.config import require
from pokerjax.play.acpc import hands, messages

_LINE = "ACPC State: STATE:"
_KEYS = (
    "numPlayers", "numRounds", "stack", "blind", "raiseSize", "firstPlayer", "maxRaises", "numSuits", "numRanks",
    "numHoleCards", "numBoardCards",
)  # fmt: skip
_LIMIT_ACTIONS = {"f": 0, "c": 1, "r": 2}


def rules_of(game: pyspiel.Game) -> poker.Rules:
    """The rules of a `universal_poker` game. Raises `UserError` for an abstraction other than the full game."""
    values = game.get_parameters()
    name = game.get_type().short_name
    require(name == "universal_poker", f"The agent plays OpenSpiel's universal_poker, and this is {name}.")
    limit, abstraction = values["betting"] == "limit", values["bettingAbstraction"]
    full = limit or abstraction == "fullgame"
    require(full, f"bettingAbstraction {abstraction} leaves out raises: load the game with fullgame.")
    lines = [f"{key} = {values[key]}" for key in _KEYS if values.get(key) not in (None, "")]
    if not limit:
        lines = [line for line in lines if not line.startswith("raiseSize")]
    return poker.rules_from_acpc("\n".join(["GAMEDEF", values["betting"], *lines, "END GAMEDEF"]))


class UniversalPokerBot(pyspiel.Bot):
    """An agent in one seat of `universal_poker`: no-limit without abstraction, or limit."""

    def __init__(self, agent: Agent, game: pyspiel.Game, player_id: int):
        """Raises `UserError` if the agent can't play this game."""
        pyspiel.Bot.__init__(self)
        self.agent, self.rules, self._player = agent, rules_of(game), player_id
        hands.check_agent(agent.game, self.rules)

    def player_id(self) -> int:
        """The seat of the bot."""
        return self._player

    def restart(self) -> None:
        """Nothing is remembered between decisions."""

    def restart_at(self, state: pyspiel.State) -> None:
        """Nothing is remembered between decisions."""

    def provides_policy(self) -> bool:
        """The bot can tell its probabilities."""
        return True

    def decide(self, state: pyspiel.State) -> tuple[hands.Hand, AgentDecision]:
        """The hand as this seat sees it, and what the agent does. Raises ValueError if it is not its turn."""
        hand = hands.replay(self.rules, self._seen(state))
        if hand.actor != self._player:
            raise ValueError(f"It is the turn of seat {hand.actor}, and the bot sits in seat {self._player}.")
        return hand, self.agent.act(hands.observation(hand, self._player))

    def step(self, state: pyspiel.State) -> int:
        """The bot's action."""
        hand, decision = self.decide(state)
        return _number(hands.answer(hand, decision.action, decision.amount))

    def get_policy(self, state: pyspiel.State) -> list[tuple[int, float]]:
        """The probability of every action that the bot considers."""
        hand, decision = self.decide(state)
        return [(_number(action), share) for action, share in hands.shares(hand, decision).items()]

    def step_with_policy(self, state: pyspiel.State) -> tuple[list[tuple[int, float]], int]:
        """The probabilities, and the action drawn by them."""
        hand, decision = self.decide(state)
        policy = [(_number(action), share) for action, share in hands.shares(hand, decision).items()]
        return policy, _number(hands.answer(hand, decision.action, decision.amount))

    def _seen(self, state: pyspiel.State) -> messages.MatchState:
        """What the seat sees: the other seats' cards, which the state holds as well, are left out."""
        line = next(line for line in str(state).splitlines() if line.startswith(_LINE))
        number, betting, cards = line.removeprefix(_LINE).split(":")
        hole, _, board = cards.partition("/")
        private = [own if seat == self._player else "" for seat, own in enumerate(hole.split("|"))]
        seen = "/".join(["|".join(private), *([board] if board else [])])
        return messages.read_state(f"MATCHSTATE:{self._player}:{number}:{betting}:{seen}")


def exported_policy(path: str | Path) -> pyspiel.TabularPolicy:
    """The policy of a Kuhn or Leduc run, as `bin/evaluate.py RUN --export-policy FILE` wrote it.

    For `kuhn_poker` and `leduc_poker`; `pyspiel.make_policy_bot(game, player, seed, policy)` makes it a bot.
    """
    table = json.loads(Path(path).read_text())
    return pyspiel.TabularPolicy(
        {name: [(int(action), share) for action, share in actions.items()] for name, actions in table.items()}
    )


def _number(action: str) -> int:
    """OpenSpiel's number of an action of the protocol: 0 folds, 1 calls, x raises to x chips over the hand."""
    return _LIMIT_ACTIONS[action] if action in _LIMIT_ACTIONS else int(action[1:])
