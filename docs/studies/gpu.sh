#!/usr/bin/env bash
# What only an accelerator can tell, in one lease: speeds (unless SPEEDS=0), then a run whose newest snapshot is always at hand.
#
#   bash docs/studies/gpu.sh OUT SECONDS [flags of bin/train.py]
#   SPEEDS=0 bash docs/studies/gpu.sh /tmp/out 500 --config configs/gpu.py --num-games 40000000
#
# A lent machine can be gone at any moment, and took the parameters of the run of docs/learning.md, "On a GPU", with it. So
# every snapshot is exported as soon as it is there and replaces the one before: OUT/agent.tar.00, .01, ... in pieces of 15 MB
# (cat OUT/agent.tar.* | tar x), beside OUT/train.txt and OUT/speeds.jsonl. After SECONDS the
# run is told to save and stop, which wants a minute more. The benchmarks take some minutes; nothing is evaluated.
set -u
out=$1 seconds=$2; shift 2
run=$(mktemp -d)/run; mkdir -p "$out"
if [ "${SPEEDS:-1}" = 1 ]; then
    python bin/benchmark.py engine --json --tables 65536 1048576 --seconds 1 >> "$out/speeds.jsonl"
    python bin/benchmark.py strength --json --hands 16777216 --seconds 1 >> "$out/speeds.jsonl"
    python bin/benchmark.py train --json --config configs/base.py --compute-dtype bfloat16 >> "$out/speeds.jsonl"
fi
python bin/train.py --evaluate-every 0 --opponents --checkpoint-every 1000000 --run-dir "$run" "$@" > "$out/train.txt" 2>&1 &
training=$!
exported=

export_newest() {
    local newest
    newest=$(find "$run/checkpoints" -name _CHECKPOINT_METADATA -not -path '*.orbax-checkpoint-tmp*' -printf '%T@ %h\n' 2> /dev/null | sort -n | tail -n 1 | cut -d' ' -f2)
    [ -n "$newest" ] && [ "$newest" != "$exported" ] || return
    rm -rf "$run/agent"
    # On the CPU: the accelerator is busy, and this needs no more than reading and writing.
    JAX_PLATFORMS=cpu python bin/evaluate.py "$newest" --device cpu --export-agent "$run/agent" || return
    tar cf - -C "$run" agent | split -b 15000000 -d - "$out/next.tar."
    rm -f "$out"/agent.tar.*
    for piece in "$out"/next.tar.*; do mv "$piece" "$out/agent${piece##*/next}"; done
    exported=$newest
}

while kill -0 $training 2> /dev/null && [ $SECONDS -lt "$seconds" ]; do sleep 2; export_newest; done
kill -TERM $training 2> /dev/null  # Saves and stops, where it is not done yet.
wait $training
export_newest
tail -n 5 "$out/train.txt"
