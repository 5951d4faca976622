"""docs/engine.md against the code: its tables list every field, its examples run."""

import dataclasses
import re
from pathlib import Path

import pytest

from pokerjax import poker

TEXT = (Path(__file__).parents[2] / "docs" / "engine.md").read_text()


def table(name):
    """The rows of the table under `<!-- name -->`, as lists of cells."""
    rows = TEXT.split(f"<!-- {name} -->\n")[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


@pytest.mark.parametrize("kind", [poker.State, poker.Legal, poker.Rules])
def test_tables_list_every_field_in_order(kind):
    assert [row[0].strip("`") for row in table(kind.__name__)] == [field.name for field in dataclasses.fields(kind)]


def test_types_are_those_of_a_real_state():
    import jax

    rules = poker.no_limit_holdem(3)
    state = poker.start(rules, poker.deal(rules, jax.random.key(0)), poker.stakes(rules, stacks=1000))
    sizes = {"P": 3, "H": 2, "C": 5}
    for found in (state, poker.legal(rules, state)):
        for name, type_, *_ in table(type(found).__name__):
            dtype, axes = re.fullmatch(r"(\w+)(?:\[(.*)\])?", type_).groups()
            array = getattr(found, name.strip("`"))
            shape = tuple(sizes[axis] for axis in axes.split(", ")) if axes else ()
            assert (str(array.dtype), array.shape) == (dtype, shape), name


def test_defaults_are_those_of_the_rules():
    defaults = {field.name: field.default for field in dataclasses.fields(poker.Rules)}
    for name, shown, *_ in table("Rules"):
        if shown:
            assert repr(defaults[name.strip("`")]).replace("'", '"') == shown.strip("`")


def test_every_function_named_is_there():
    named = set(re.findall(r"poker\.(\w+)\(", TEXT))
    assert len(named) > 15 and all(hasattr(poker, name) for name in named)


def test_examples_run(capsys):
    loop, game = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    scope = {}
    exec(loop.replace("tables=4096, steps=3000", "tables=64, steps=50"), scope)
    hands = int(capsys.readouterr().out.split()[0])
    assert 64 < hands < 64 * 50
    exec(game, scope)
    assert int(scope["state"].actor) == 0
