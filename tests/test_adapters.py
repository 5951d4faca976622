"""The agent in the interfaces of others: the same decisions everywhere, and the others' own conformance tests."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import agents, poker
from pokerjax.agents import Agent, Observation
from pokerjax.config import GameConfig, ModelConfig, UserError
from pokerjax.env import tables
from pokerjax.model.transformer import Model
from pokerjax.play.acpc import __main__ as client_command
from pokerjax.play.acpc import dealer, games, hands, messages

pokerkit = pytest.importorskip("pokerkit")
pyspiel = pytest.importorskip("pyspiel")
pytest.importorskip("pettingzoo")
pytest.importorskip("pgx")

from pettingzoo.test import api_test, seed_test  # noqa: E402

from pokerjax.adapters import openspiel, pettingzoo, pgx  # noqa: E402
from pokerjax.adapters import pokerkit as kit  # noqa: E402

STACK = 10_000  # 100 big blinds, as in the game
GAME = GameConfig(num_players=6, table_sizes=(2, 3, 6))
GAME_ALL_IN = len(GAME.bet_sizes) + 2  # the last entry of the menu


@pytest.fixture(scope="module")
def agent() -> Agent:
    model = Model(tables.make_environment(GAME), ModelConfig(d_model=8, n_layers=1, n_heads=1))
    params = jax.jit(model.init)(jax.random.key(1))
    # A fresh model is nearly uniform; larger heads make its choices differ from spot to spot.
    return Agent(model, params | {name: jax.tree.map(lambda x: 30 * x, params[name]) for name in ("policy", "value")})


def universal_poker(players: int, **changes):
    """OpenSpiel's no-limit game of these stakes, blinds 50 and 100."""
    blinds, first = ("100 50", 2) if players == 2 else (f"50 100{' 0' * (players - 2)}", players == 2 or 3)
    parameters = dict(
        betting="nolimit", bettingAbstraction="fullgame", numPlayers=players, numRounds=4, numSuits=4, numRanks=13,
        numHoleCards=2, numBoardCards="0 3 1 1", stack=" ".join([str(STACK)] * players), blind=blinds,
        firstPlayer=f"{first} 1 1 1",
    )  # fmt: skip
    return pyspiel.load_game("universal_poker", parameters | changes)


AUTOMATIONS = tuple(set(pokerkit.Automation) - {
    pokerkit.Automation.HOLE_DEALING, pokerkit.Automation.BOARD_DEALING, pokerkit.Automation.CARD_BURNING,
})  # fmt: skip


class Everywhere:
    """One hand at the tables of all at once, driven by the PettingZoo environment."""

    def __init__(self, agent: Agent, players: int, seed: int):
        self.agent, self.players = agent, players
        self.zoo = pettingzoo.HoldemEnv(game=GAME, num_players=players)
        self.zoo.reset(seed=seed)
        state = jax.device_get(self.zoo._table.hand)
        self.hole, self.board = state.hole, state.board
        self.spiel_game = universal_poker(players)
        self.spiel = self.spiel_game.new_initial_state()
        self.cards = iter([*self.hole.ravel().tolist(), *self.board.tolist()])
        self.acpc = hands.Hand(openspiel.rules_of(self.spiel_game), self.hole, self.board)
        blinds = (50, 100)
        self.kit = pokerkit.NoLimitTexasHoldem.create_state(
            AUTOMATIONS, True, 0, blinds, 100, (STACK,) * players, players
        )
        for cards in self.hole:
            self.kit.deal_hole(names(cards))
        self.actions: list = []
        self.deal()

    def deal(self):
        """Turn up what the other engines ask for."""
        while self.spiel.is_chance_node():
            self.spiel.apply_action(next(self.cards))
        while self.kit.can_burn_card():
            self.kit.burn_card("??")
            shown = sum(len(cards) for cards in self.kit.board_cards)
            count = 3 if shown == 0 else 1
            self.kit.deal_board(names(self.board[shown : shown + count]))

    def decisions(self) -> dict[str, dict[str, float]]:
        """The distribution that the agent reaches at each table for the seat to act."""
        seat, number = self.acpc.actor, 7
        shown = (0, 3, 4, 5)[int(self.acpc.state.street)]
        plain = Observation(
            seat=seat, hole=names(self.hole[seat]), board=names(self.board[:shown]), stacks=[STACK] * self.players,
            blinds=(50, 100), actions=self.actions,
        )  # fmt: skip
        received = hands.replay(self.acpc.rules, messages.read_state(str(self.acpc.seen_by(seat, number))))
        bot = openspiel.UniversalPokerBot(self.agent, self.spiel_game, seat)
        observed, _, _, _, info = self.zoo.last()
        return {
            "plain": self.agent.act(plain).probabilities,
            "acpc": self.agent.act(hands.observation(received, seat)).probabilities,
            "openspiel": bot.decide(self.spiel)[1].probabilities,
            "pokerkit": kit.decide(self.agent, self.kit).probabilities,
            "pettingzoo": pettingzoo.policy(self.agent, observed, info),
        }

    def act(self, entry: int):
        chips = int(self.zoo._decision.amounts[entry])
        owed = self.acpc.legal.call_amount > 0
        name = self.acpc.name(chips)
        self.spiel.apply_action(openspiel._number(name))
        if chips > 0:
            self.kit.complete_bet_or_raise_to(chips)
        else:
            self.kit.fold() if chips < 0 else self.kit.check_or_call()
        self.actions.append(("raise", chips) if chips > 0 else "fold" if chips < 0 else "call" if owed else "check")
        self.acpc.play(name)
        self.zoo.step(entry)
        self.deal()


def names(cards) -> str:
    return "".join(poker.card_name(int(card)) for card in cards)


@pytest.mark.parametrize("players", [2, *(pytest.param(more, marks=pytest.mark.slow) for more in (3, 6))])
def test_the_same_decision_everywhere(agent, players):
    streets, compared, random = set(), 0, np.random.default_rng(players)
    for seed in range(6 * players):
        everywhere = Everywhere(agent, players, seed)
        while not everywhere.acpc.done:
            streets.add(int(everywhere.acpc.state.street))
            found = everywhere.decisions()
            plain = found.pop("plain")
            for where, probabilities in found.items():
                assert probabilities == plain, where  # exactly
            compared += 1
            offered = np.flatnonzero(everywhere.zoo.infos[everywhere.zoo.agent_selection]["action_mask"])
            weights = {0: 0.3, 1: 3.0, GAME_ALL_IN: 0.1}
            shares = np.array([weights.get(int(entry), 0.5) for entry in offered])
            everywhere.act(int(random.choice(offered, p=shares / shares.sum())))
        # And the hand ends alike at all tables.
        rewards = [100 * everywhere.zoo.rewards[f"player_{seat}"] for seat in range(players)]
        values = [float(value) for value in everywhere.acpc.values()]
        assert everywhere.spiel.is_terminal() and not everywhere.kit.status
        np.testing.assert_allclose(everywhere.spiel.returns(), values, atol=1e-6)
        np.testing.assert_allclose(rewards, values, atol=1)  # odd chips
        np.testing.assert_allclose([int(chips) for chips in everywhere.kit.payoffs], values, atol=1)
    assert streets == {0, 1, 2, 3} and compared > 30


# --- OpenSpiel ---


def test_an_openspiel_bot_plays_whole_hands(agent):
    game = universal_poker(2)
    bots = [openspiel.UniversalPokerBot(agent, game, seat) for seat in range(2)]
    random = np.random.default_rng(0)
    for _ in range(5):
        state = game.new_initial_state()
        while not state.is_terminal():
            if state.is_chance_node():
                state.apply_action(int(random.choice(state.legal_actions())))
                continue
            bot = bots[state.current_player()]
            policy, action = bot.step_with_policy(state)
            assert abs(sum(share for _, share in policy) - 1) < 1e-9
            assert {number for number, _ in policy} <= set(state.legal_actions())
            assert action in dict(policy) and bot.get_policy(state) == policy
            state.apply_action(action)
    with pytest.raises(ValueError, match="It is the turn of seat"):
        other = game.new_initial_state()
        for card in range(4):
            other.apply_action(card)
        bots[0].step(other)


@pytest.mark.parametrize(
    ("game", "words"),
    [
        (lambda: universal_poker(2, bettingAbstraction="fcpa"), "fcpa leaves out raises: load the game with fullgame"),
        (lambda: universal_poker(4), "trained for 2 or 3 or 6 players, and this game has 4"),
        (lambda: universal_poker(2, firstPlayer="1 1 1 1"), "seat 1 acts first before the flop"),
        (lambda: universal_poker(2, numSuits=3), "52 cards, and this game is another"),
        (lambda: pyspiel.load_game("kuhn_poker"), "plays OpenSpiel's universal_poker, and this is kuhn_poker"),
    ],
)
def test_openspiel_games_that_the_agent_does_not_play(agent, game, words):
    with pytest.raises(UserError, match=words):
        openspiel.UniversalPokerBot(agent, game(), 0)


def test_an_exported_policy_is_a_policy_of_openspiel(tmp_path):
    game = pyspiel.load_game("kuhn_poker")
    table = {}
    for card in range(3):
        for history in ("", "p", "b", "pb"):
            table[f"{card}{history}"] = {"0": 0.25, "1": 0.75}
    (tmp_path / "kuhn.json").write_text(json.dumps(table))
    policy = openspiel.exported_policy(tmp_path / "kuhn.json")
    state = game.new_initial_state()
    for card in (0, 1):
        state.apply_action(card)
    assert policy.action_probabilities(state) == {0: 0.25, 1: 0.75}
    assert pyspiel.make_policy_bot(game, 0, 3, policy).step(state) in (0, 1)


# --- PokerKit ---


def test_pokerkit_hands_to_the_end(agent):
    for seed in range(5):
        state = pokerkit.NoLimitTexasHoldem.create_state(
            tuple(pokerkit.Automation), True, 0, (50, 100), 100, (10_000, 2_000 + seed), 2
        )
        while state.actor_index is not None:
            kit.act(agent, state)
        assert not state.status and sum(state.payoffs) == 0


@pytest.mark.parametrize("ante", [0, 30])
def test_pokerkit_with_a_big_blind_that_is_short(agent, ante):
    """PokerKit lets the others call what there is; the minimum bet stays the big blind."""
    state = pokerkit.NoLimitTexasHoldem.create_state(
        tuple(pokerkit.Automation), True, ante, (50, 100), 100, (10_000, 30, 10_000), 3
    )
    seen = kit.observation(state)
    assert (seen.blinds, seen.big_blind) == ([50, 30 - ante, 0], 100)
    decision = kit.decide(agent, state)
    assert decision.amounts["1 pot"] == (240 if ante else 180)  # 50 to call, and the pot with it
    assert state.checking_or_calling_amount == 50
    while state.actor_index is not None:
        kit.act(agent, state)
    assert sum(state.payoffs) == 0


@pytest.mark.slow
def test_pokerkit_where_its_rules_are_wider(agent):
    """Limp 100, all-in to 150, then PokerKit lets the limper raise and live rules do not."""
    state = pokerkit.NoLimitTexasHoldem.create_state(
        tuple(pokerkit.Automation), True, 0, (50, 100), 100, (10_000, 150, 10_000), 3
    )
    for act in (state.check_or_call, state.check_or_call):
        act()
    state.complete_bet_or_raise_to(150)
    state.complete_bet_or_raise_to(400)
    assert state.actor_index == 0
    decision = kit.act(agent, state)
    assert decision.action in ("fold", "call", "raise")
    with pytest.raises(ValueError, match="Nobody is to act"):
        kit.observation(pokerkit.NoLimitTexasHoldem.create_state((), True, 0, (1, 2), 2, (200, 200), 2))


# --- PettingZoo ---


def test_pettingzoo_conformance():
    api_test(pettingzoo.env(game=GAME, num_players=2), num_cycles=60)
    seed_test(lambda: pettingzoo.env(game=GAME, num_players=2), num_cycles=30)


@pytest.mark.slow
@pytest.mark.parametrize("betting", ["no_limit", "fixed_limit"])
def test_pettingzoo_conformance_of_larger_tables(betting):
    api_test(pettingzoo.env(num_players=3, betting=betting), num_cycles=200)
    seed_test(lambda: pettingzoo.env(num_players=6, betting=betting), num_cycles=100)


def test_pettingzoo_refuses_what_is_not_on_offer():
    env = pettingzoo.env(game=GAME, num_players=2)
    env.reset(seed=3)
    before = env.render()
    for action in (-1, 99, None):
        with pytest.raises(ValueError, match=r"is not on offer to player_1: choose one of fold, check/call"):
            env.step(action)
    assert env.render() == before and "to act: player_1" in before
    with pytest.raises(UserError, match="num_players 5 must be 2 or 3 or 6"):
        pettingzoo.env(game=GAME, num_players=5)
    with pytest.raises(UserError, match="holdem with betting pot_limit is not there"):
        pettingzoo.env(betting="pot_limit")


def test_pettingzoo_observations_hold_no_secret():
    """What a seat sees does not change with another seat's cards or the board to come."""
    env = pettingzoo.HoldemEnv(game=GAME, num_players=2)
    env.reset(seed=5)
    hand = env._table.hand
    unlike = dataclasses.replace(hand, hole=hand.hole.at[1].set(jnp.array([50, 51])), board=0 * hand.board + 49)
    tables_ = env._table, dataclasses.replace(env._table, hand=unlike)
    (_, _, decision, views), (_, _, same, others) = (
        pettingzoo._play(env._environment, table, np.int32(poker.CALL)) for table in tables_
    )
    assert int(decision.seat) == 0
    np.testing.assert_array_equal(decision.token, same.token)
    np.testing.assert_array_equal(views[0], others[0])
    assert not np.array_equal(views[1], others[1])  # its own cards are no secret


# --- Pgx ---


@pytest.mark.slow
@pytest.mark.parametrize(("players", "betting"), [(2, "no_limit"), (3, "fixed_limit")])
def test_pgx_conformance(monkeypatch, players, betting):
    """Pgx's own test, with two changes: it knows the names of its own games only, and with this jax it fails for
    them too, since it draws actions along axis 1 of a mask without one."""
    from pgx._src import api_test as conformance

    def draw(key, mask):
        return jax.random.categorical(key, jnp.log(mask.astype(jnp.float32)), axis=-1)

    monkeypatch.setattr(conformance, "EnvId", Literal["pokerjax_holdem"])
    monkeypatch.setattr(conformance, "act_randomly", jax.jit(draw))
    conformance.api_test(pgx.Holdem(players, betting=betting), num=10)


@pytest.mark.slow
def test_pgx_players_sit_everywhere_and_are_paid():
    env, batch = pgx.Holdem(2), 16
    init, step = jax.jit(jax.vmap(env.init)), jax.jit(jax.vmap(env.step))
    state = init(jax.random.split(jax.random.key(0), batch))
    assert set(np.asarray(state.current_player).tolist()) == {0, 1}  # the button acts first
    first = np.asarray(state.current_player)
    folded = step(state, jnp.zeros(batch, jnp.int32))
    assert np.asarray(folded.terminated).all() and np.asarray(folded.legal_action_mask).all()
    np.testing.assert_array_equal(np.asarray(folded.rewards)[np.arange(batch), first], -0.5)
    np.testing.assert_array_equal(np.asarray(folded.rewards).sum(axis=1), 0)
    again = step(folded, jnp.ones(batch, jnp.int32))
    assert not np.asarray(again.rewards).any()
    illegal = step(state, jnp.full(batch, np.flatnonzero(~np.asarray(state.legal_action_mask[0]))[0]))
    assert np.asarray(illegal.terminated).all()


# --- docs/adapters.md ---

TEXT = (Path(__file__).parents[1] / "docs" / "adapters.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.S)


@pytest.mark.parametrize("example", [*EXAMPLES[:-1], pytest.param(EXAMPLES[-1], marks=pytest.mark.slow)],
                         ids=["openspiel", "pokerkit", "pettingzoo", "pgx"])  # fmt: skip
def test_examples_run(agent, monkeypatch, capsys, example):
    """With a small agent in place of the one that ships."""
    monkeypatch.setattr(agents, "create_llm_agent", lambda model_path: agent)
    scope: dict = {}
    exec(example, scope)
    if "state" in scope and hasattr(scope["state"], "returns"):
        assert scope["state"].is_terminal() and sum(scope["state"].returns()) == 0
    elif "payoffs" in example:
        assert sum(scope["state"].payoffs) == 0 and "fold" in capsys.readouterr().out
    elif "agent_iter" in example:
        assert not scope["env"].agents
    else:
        assert scope["state"].rewards.shape == (8, 2) and float(abs(scope["state"].rewards).max()) == 1.0


def test_every_flag_and_game_of_the_commands_is_there():
    for command in re.findall(r"python -m pokerjax\.play\.acpc.*", TEXT):
        kind = dealer._Arguments if "dealer" in command else client_command._Arguments
        fields = {field.name for field in dataclasses.fields(kind)}
        assert {flag.replace("-", "_") for flag in re.findall(r"--([a-z-]+)", command)} <= fields, command
    flags = {flag.replace("-", "_") for flag in re.findall(r"`--([a-z-]+)`", TEXT)}
    assert flags <= {field.name for kind in (dealer, client_command) for field in dataclasses.fields(kind._Arguments)}
    assert set(re.findall(r"holdem\.\w+\.\dp", TEXT)) == set(games.GAMES)
