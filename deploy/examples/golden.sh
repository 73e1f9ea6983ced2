#!/bin/sh
# Recomputes the golden results of the examples in Postgres, apart from Pingyi.
#
#   golden.sh check [NAME…]   compares with the golden files (default)
#   golden.sh write [NAME…]   writes them
#
# Needs psql and a Postgres it may connect to (PGHOST, PGPORT, PGUSER, PGDATABASE); only temporary
# tables are made. A golden.sql names the readings it knows in a line "-- readings: …".
set -eu
cd "$(dirname "$0")"
mode=check
case "${1-}" in check | write) mode=$1; shift ;; esac
[ $# -gt 0 ] || set -- $(ls -d */golden.sql | cut -d/ -f1)
out=$(mktemp); trap 'rm -f "$out"' EXIT
bad=0
for name; do
  for reading in default $(sed -n 's/^-- readings: //p' "$name/golden.sql"); do
    file=golden.$reading.csv
    [ "$reading" != default ] || file=golden.csv
    (cd "$name" && psql -qXAt -v reading="$reading" -f golden.sql) >"$out"
    if [ $mode = write ]; then
      cat "$out" >"$name/$file"
    elif ! diff -u "$name/$file" "$out"; then
      echo "$name/$file differs" >&2; bad=1
    fi
  done
done
exit $bad
