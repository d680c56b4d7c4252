#!/bin/sh
# Stands for rustc (RUSTC_WRAPPER) and adds what libFuzzer is guided by: counters of the edges that
# ran, and the operands of comparisons. The flags are those of cargo-fuzz without a sanitizer, which
# stable compilers know too. Only our own crates get them: what others do guides nowhere.
case " $* " in
*" --crate-name domain "* | *" --crate-name engine "*)
    exec "$@" -Cpasses=sancov-module \
        -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
        -Cllvm-args=-sanitizer-coverage-pc-table \
        -Cllvm-args=-sanitizer-coverage-trace-compares
    ;;
*) exec "$@" ;;
esac
