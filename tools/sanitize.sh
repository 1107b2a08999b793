#!/bin/sh
# Runs the tests of the functions in C with AddressSanitizer and UBSan; the first report ends them.
# `tools/sanitize.sh 20` runs them twenty times, each time with other random input;
# `tools/sanitize.sh 1 tests/bundle` runs those tests alone.
set -eu
cd "$(dirname "$0")/.."

# They call the functions in this process: with real input, with random input, and from many
# threads while models come and go.
tests='tests/bundle tests/metrics/test_prediction_metrics.py tests/properties/test_batch_and_rows.py
    tests/services/test_predict.py tests/services/test_predict_batch.py
    tests/model/test_reload_races.py tests/model/test_reload_under_load.py
    tests/houses/test_wire_scan.py
    tests/houses/test_decode.py tests/houses/test_row_summary.py'
seeds=${1:-1}
[ $# -lt 2 ] || { shift; tests=$*; }

# Not in the package, which others may use meanwhile.
built=build/sanitized
flags='-fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all'
rm -rf "$built"
HOUSING_NEEDS_C=1 CC=gcc CFLAGS="$flags -fno-omit-frame-pointer -g" LDFLAGS="$flags" \
    python setup.py --quiet build_ext --force --build-lib "$built" --build-temp "$built/objects"
SANITIZED_NATIVE=$(echo "$built"/housing_grpc/bundle/_native*.so)

# The interpreter has none of it, so the library is loaded first, and libstdc++ for it to find.
# PYTHONMALLOC: the interpreter's own pools would hide what is read beyond an object.
# Leaks are not looked for: the interpreter keeps what it has until the end.
for seed in $(seq 1 "$seeds"); do
    # shellcheck disable=SC2086  # names of files, to be split
    LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libstdc++.so)" \
        ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=1:quarantine_size_mb=16 \
        UBSAN_OPTIONS=print_stacktrace=1 \
        PYTHONMALLOC=malloc SANITIZED_NATIVE="$SANITIZED_NATIVE" \
        python -m pytest -p tests.support.sanitized -p no:cacheprovider -p no:xdist -q -s -x \
        --hypothesis-profile=default --hypothesis-seed="$seed" $tests
done
