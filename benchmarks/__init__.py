"""One runnable file a figure: `python -m benchmarks` runs them all and writes docs/measured.md, `python -m benchmarks.<figure>` prints one."""
