"""Flags and config files: what they set, and one sentence for each mistake."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pokerjax import commandline
from pokerjax.config import Config, UserError

ROOT = Path(__file__).parents[1]
CONFIG_FILE = (
    "from pokerjax.config import Config, ModelConfig\nconfig = Config(model=ModelConfig(d_model=96))\n"
)


@pytest.fixture
def config_file(tmp_path):
    path = tmp_path / "small.py"
    path.write_text(CONFIG_FILE)
    return str(path)


def test_flags_override_the_file(config_file):
    flags = "--num_games=1000 --bet-sizes 0.5 1.0 --resume --n-heads 4 --opponents random rock --device cpu"
    config = commandline.load_config(["--config", config_file, *flags.split()])
    assert config.model.d_model == 96
    assert config.model.n_heads == 4
    assert config.game.bet_sizes == (0.5, 1.0)
    assert config.run.num_games == 1000
    assert config.run.resume
    assert config.run.device == "cpu"
    assert config.run.opponents == ("random", "rock")


def test_the_last_config_counts_as_the_last_of_every_flag_does(config_file, tmp_path):
    """As in `make train ARGS="--config FILE"`, which names the Makefile's own config first."""
    other = tmp_path / "other.py"
    other.write_text(CONFIG_FILE)
    config = commandline.load_config(["--config", config_file, "--seed", "1", f"--config={other}", "--seed", "2"])
    assert (config.run.run_dir, config.run.seed) == ("runs/other", 2)


def test_run_folder_is_named_after_the_config(config_file):
    assert commandline.load_config(["--config", config_file]).run.run_dir == "runs/small"
    assert commandline.load_config([f"--config={config_file}", "--run-dir", "x"]).run.run_dir == "x"


def test_every_field_is_a_flag_of_its_own():
    groups = [field.default for field in dataclasses.fields(Config)]
    names = [field.name for group in groups for field in dataclasses.fields(group)]
    assert len(names) == len(set(names)), "two groups share a field name, so its flag would be ambiguous"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("--temperature 0.1", "--temperature would do nothing: it belongs to --objective mirror, and this run has ppo"),
        ("--objective mirror --critic action --magnet_coefficient=1", "--magnet-coefficient .* --objective ppo, and"),
        ("--opponent checkpoint --checkpoint x --copy-target --d-model 64", "--d-model .* the target's; leave it out"),
        ("--opponent checkpoint --checkpoint x --copy-target --bet-sizes 1", "--bet-sizes .* are the target's"),
        ("--opponent checkpoint --checkpoint x --told-carelessness", "--told-carelessness .* nobody slips against"),
        ("--opponent checkpoint --checkpoint x --opponents rock", "--opponents .* measured against the agent that it"),
        ("--pool-share 1 --tremble 0.2", "--tremble .* all tables have frozen opponents"),
        ("--entropy-coefficient 0 --entropy-end 0.5", "--entropy-end .* no entropy bonus"),
        ("--pool-size 4", "--pool-size .* no pool without --pool-share"),
        ("--tremble-end 0.5", "--tremble-end .* no slips without --tremble"),
    ],
)
def test_flags_that_would_do_nothing(config_file, flags, words):
    with pytest.raises(UserError, match=words):
        commandline.load_config(["--config", config_file, *flags.split()])


def test_what_belongs_to_holdem_would_do_nothing_in_leduc():
    for flag in ("--all-in-equity", "--rivals 0", "--opponents rock", "--evaluate-games 10"):
        with pytest.raises(UserError, match=f"{flag.split()[0]} would do nothing: .* this run plays leduc"):
            commandline.load_config(["--config", "configs/leduc.py", *flag.split()])


def test_a_file_may_hold_what_a_flag_makes_idle(tmp_path):
    """And what another flag gives a meaning is taken."""
    path = tmp_path / "pool.py"
    learn = "LearnConfig(pool_size=4, clip=0.1)"
    path.write_text(f"from pokerjax.config import Config, LearnConfig\nconfig = Config(learn={learn})\n")
    flags = "--objective mirror --critic action --temperature 0.1 --no-copy-target"
    assert commandline.load_config(["--config", str(path), *flags.split()]).learn.temperature == 0.1
    flags = "--pool-share 0.1 --pool-size 2 --tremble 0.1 --tremble-end 0.5 --clip 0.3"
    assert commandline.load_config(["--config", str(path), *flags.split()]).learn.pool_size == 2


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("--d-modle 3", r"Unknown flag --d-modle; did you mean --d-model\?"),
        ("--num_game 3", r"did you mean --num-games\?"),
        ("--lr 3", r"did you mean --learning-rate\?"),
        ("--players 3", r"did you mean --num-players\?"),
        ("--qqqq 3", r"Unknown flag --qqqq; see python bin/train.py --help\."),
        ("--d-model abc", "--d-model.*abc"),
        ("--d-model", "--d-model"),
        ("--device cupp", "cupp.*'auto', 'cpu', 'gpu', 'tpu'"),
        ("stray", "stray"),
        ("--num-players 12", "--num-players 12 is outside 2 to 10"),
    ],
)
def test_bad_flags(config_file, flags, words):
    with pytest.raises(UserError, match=words) as caught:
        commandline.load_config(["--config", config_file, *flags.split()])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("from pokerjax.config import *\nconfig = Config(game=GameConfig(num_player=3))", "mean num_players"),
        ("x = 1\nconfig = y", "line 2, cannot be read: NameError"),
        ("config = (", "line 1, cannot be read: SyntaxError"),
        ("x = 1", "must define `config`"),
    ],
)
def test_bad_config_files(tmp_path, text, words):
    path = tmp_path / "bad.py"
    path.write_text(text)
    with pytest.raises(UserError, match=words):
        commandline.load_config(["--config", str(path)])


def test_missing_config_file_names_the_others(config_file):
    missing = config_file.replace("small", "large")
    with pytest.raises(UserError, match=r"There is no config file .*large\.py; there are .*small\.py"):
        commandline.load_config(["--config", missing])
    with pytest.raises(UserError, match="--config is missing"):
        commandline.load_config([])


def test_help_explains_every_flag(capsys):
    with pytest.raises(SystemExit) as stop:
        commandline.load_config(["--help"])
    assert not stop.value.code
    shown = capsys.readouterr().out
    assert "--config FILE" in shown
    for field in (*dataclasses.fields(Config().learn), *dataclasses.fields(Config().run)):
        assert f"--{field.name.replace('_', '-')}" in shown


def test_a_mistake_is_one_line_and_exit_status_2(config_file):
    command = [sys.executable, "bin/train.py", "--config", config_file, "--seeed", "1"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr == "error: Unknown flag --seeed; did you mean --seed?\n"


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [("KeyboardInterrupt", 130, "\nstopped\n"), ("UserError('It is so.')", 2, "error: It is so.\n")],
)
def test_whoever_stops_does_not_wait_for_a_thread_that_compiles(raised, status, said):
    """The thread would go on for a minute; what was printed before is not lost."""
    code = f"""
import time
from concurrent.futures import ThreadPoolExecutor
from pokerjax.commandline import run
from pokerjax.config import UserError

def main(arguments):
    print("begun")
    ThreadPoolExecutor(1).submit(time.sleep, 60)
    raise {raised}

run(main)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (status, "begun\n", said)


def test_commands_print_on_any_terminal_and_compute_in_32_bits():
    script = "import os; from pokerjax.commandline import run; run(lambda _: print('±', os.environ['JAX_ENABLE_X64']))"
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "JAX_ENABLE_X64": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "? 0\n"), done.stderr
