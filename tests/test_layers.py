"""The layers of docs/architecture.md: imports go one way."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "pokerjax"

# What each layer may import of pokerjax besides itself. `learn` and `evaluate` stand side by side.
ALLOWED = {
    "poker": set(),
    "env": {"poker"},
    "model": {"poker", "env"},
    "learn": {"poker", "env", "model"},
    "evaluate": {"poker", "env", "model"},
    "agents": {"poker", "env", "model"},
    "play": {"poker", "env", "model", "evaluate", "agents"},
    "adapters": {"poker", "env", "model", "agents", "play"},
    "benchmark": {"poker", "env", "model", "learn"},
}
# Host modules below the layers: every layer but `poker` may read the config, the device and the compiler's options, and
# those that load an agent its checkpoint.
BASE = {"config", "checks", "compiler", "device", "pictures"}
LOADING = BASE | {"checkpoint"}
COMMANDS = LOADING | {"commandline"}  # `python -m pokerjax.play...`
HOST = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "agents"}
LOWEST = {"jax", "numpy"}


def imports(path: Path) -> set[str]:
    """Dotted names of the modules that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write absolute imports"
            module = node.module or ""
            names |= {f"{module}.{alias.name}" for alias in node.names} if module == "pokerjax" else {module}
    return names


def files(layer: str) -> list[Path]:
    folder = PACKAGE / layer
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [PACKAGE / f"{layer}.py"]


def of_package(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith("pokerjax.")}


@pytest.mark.parametrize("layer", ALLOWED)
def test_layer_imports_only_layers_below(layer):
    loads = dict.fromkeys(("evaluate", "agents", "adapters"), LOADING)
    host = {"poker": set(), "play": COMMANDS, "benchmark": BASE | {"train"}, **loads}.get(layer, BASE)
    for path in files(layer):
        if path.exists():
            strangers = of_package(path) - ALLOWED[layer] - host - {layer}
            assert not strangers, f"{path.relative_to(ROOT)} imports {sorted(strangers)}"


def test_poker_needs_only_jax_and_numpy():
    import sys

    for path in files("poker"):
        roots = {name.split(".")[0] for name in imports(path)}
        strangers = roots - LOWEST - {"pokerjax"} - set(sys.stdlib_module_names)
        assert not strangers, f"{path.relative_to(ROOT)} imports {sorted(strangers)}"


def test_config_and_command_line_start_without_jax():
    for name in ("config", "checks", "idle", "commandline"):
        path = PACKAGE / f"{name}.py"
        assert "jax" not in {module.split(".")[0] for module in imports(path)}
        assert of_package(path) <= {"config", "checks", "idle"}


def test_only_training_reaches_the_learner():
    for name in HOST - {"train"}:
        assert not of_package(PACKAGE / f"{name}.py") & set(ALLOWED), name


def test_only_the_adapters_import_the_packages_of_others():
    others = {"pokerkit", "pyspiel", "open_spiel", "pettingzoo", "gymnasium", "pgx"}
    for path in set(PACKAGE.rglob("*.py")) - set((PACKAGE / "adapters").glob("*.py")):
        assert not {name.split(".")[0] for name in imports(path)} & others, path


def test_each_adapter_imports_one_other_package_and_the_package_none():
    assert not imports(PACKAGE / "adapters" / "__init__.py")
    for path in files("adapters"):
        others = {name.split(".")[0] for name in imports(path)} & {"pokerkit", "pyspiel", "pettingzoo", "pgx"}
        assert others <= {{"openspiel": "pyspiel"}.get(path.stem, path.stem)}, path
