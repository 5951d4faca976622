"""Measurements for people: a row of a short table each, and for training what lies behind the row."""

from __future__ import annotations

from pokerjax.benchmark.timing import Result

_COLUMNS = {
    "benchmark": ("", 26),
    "num_players": ("players", 8),
    "tables": ("tables", 10),
    "decisions_per_second": ("decisions/s", 15),
    "hands_per_second": ("hands/s", 15),
    "best": ("best", 15),
    "seconds": ("seconds", 9),
}  # key of the result: head and width of the column
_PARTS = {
    "engine": "engine, menu, tokens, records",
    "rollout_model": "model in the rollout",
    "returns": "returns and advantages",
    "magnet": "magnet",
    "update": "update",
    "everything_else": "everything else",
}


def head(device: str) -> str:
    """The head of the table."""
    return f"On {device}; speeds are medians of repetitions.\n\n" + _line([name for name, _ in _COLUMNS.values()])


def text(result: Result) -> str:
    """A row of the table; for training the rest below it."""
    best = result.get("best_decisions_per_second") or result.get("best_hands_per_second")
    name = result["benchmark"]
    if name == "attention":
        shape = f"{result['places']} places, width {result['d_model']}"
        return f"{result['way']:<32}{result['microseconds_per_token']:.3f} us a token and layer ({shape})"
    if name == "host":
        low, high = result["host_gap_interval"]
        return (
            f"{result['parameters']:,} parameters, {result['tables']:,} tables: "
            f"{result['loop_call_seconds']:.3g} s a call in the loop, {result['bare_call_seconds']:.3g} s bare\n"
            f"gap {result['host_gap_share']:.1%}, {low:.1%} to {high:.1%} (median of {len(result['host_gaps'])} "
            f"rounds and its 95 % interval); the loop's thread works {result['host_work_share']:.2%} of the time"
        )
    if name == "scaling":
        name = f"{result['axis']} {result['value']:,}"
    row = _line([_number((result | {"best": best, "benchmark": name})[key]) for key in _COLUMNS])
    if ratio := result.get("ratio"):
        row += f"   pokerjax is {ratio:,.0f} times as fast"
    return row + (f"\n\n{_training(result)}" if result["benchmark"] == "train" else "")


def _training(result: Result) -> str:
    lines = {
        "parameters": f"{result['parameters']:,}, {result['compute_dtype']}",
        "iteration": f"{result['iteration_seconds']:.3g} s for {result['tables']:,} tables x "
        f"{result['rollout_length']} decisions, minibatches of {result['batch_size']:,}",
        "matrix rate": f"{_flops(result['matmul_peak_flops_per_second'])}, the best of "
        + ", ".join(f"{shape} {_flops(rate)}" for shape, rate in result["matmul_flops_per_second"].items()),
        "copies": f"{result['copy_bytes_per_second'] / 1e9:.1f} GB/s read and written",
        "useful work": f"{result['flops_per_decision'] / 1e6:,.0f} MFLOP a decision, "
        f"{result['model_flops_utilization']:.1%} of the matrix rate",
        "all work": f"{result['flops_per_decision_all'] / 1e6:,.0f} MFLOP a decision, "
        f"{result['hardware_flops_utilization']:.1%} of the matrix rate",
        "padding": f"{result['padding_share']:.1%} of the places that the update reads hold no decision",
        "first step": f"after {result['first_step_seconds']:.1f} s, of which "
        f"{result['compile_seconds']:.1f} s are compilation",
        "host": f"{result['host_gap_share']:.1%} of the loop's time is not the device's, "
        f"its thread works {result['host_work_share']:.2%} of it",
        "memory": f"{_bytes(result['program_bytes'])} of the program on a device, "
        f"{_bytes(result['peak_memory_bytes'])} at its peak; process {_bytes(result['peak_process_bytes'])}",
    }
    whole, floors = result["iteration_seconds"], result["floors"]
    shares = [f"  {share:>6.1%}  {_PARTS[part]}" for part, share in result["shares_of_step"].items()]
    for number, part in enumerate(result["shares_of_step"]):
        if part in floors:
            shares[number] += f"; at least {floors[part]['seconds'] / whole:.1%}, bound by {floors[part]['bound']}"
    rows = [f"{name:<13}{value}" for name, value in lines.items()]
    return "\n".join([*rows, "shares of the step, each part timed as a separate program", *shares])


def _line(cells: list[str]) -> str:
    widths = [width for _, width in _COLUMNS.values()]
    first, *rest = zip(cells, widths, strict=True)
    return f"{first[0]:<{first[1]}}" + "".join(f"{cell:>{width}}" for cell, width in rest)


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _bytes(count: int | None) -> str:
    return "-" if count is None else f"{count / 2**30:.2f} GiB"


def _flops(rate: float) -> str:
    return f"{rate / 1e12:.2f} TFLOP/s" if rate >= 1e12 else f"{rate / 1e9:.1f} GFLOP/s"
