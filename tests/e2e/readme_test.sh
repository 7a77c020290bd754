#!/usr/bin/env bash
# Runs every `isoflop` line of README.md's shell blocks, in order, in a folder with a text.txt.
#   readme_test.sh SOURCE_DIR PROGRAM WORK_DIR
set -euo pipefail
source_dir=$1 program=$2 work=$3
rm -rf "$work"
mkdir -p "$work/bin"
ln -s "$program" "$work/bin/isoflop"
ln -s "$source_dir/examples" "$work/examples"
export PATH="$work/bin:$PATH" ISOFLOP_CACHE="$work/cache"
cd "$work"

# a text with something to learn: numbers in words, counted up
awk 'BEGIN {
  split("one two three four five six seven eight nine", d, " "); split("twenty thirty forty fifty sixty seventy eighty ninety", t, " ")
  for (r = 0; r < 60; r++) for (i = 1; i <= 8; i++) { for (j = 1; j <= 9; j++) printf "%s-%s comes before %s. ", t[i], d[(j * (r + 1)) % 9 + 1], d[j]; printf "\n\n" } }' > text.txt

ran=0
while IFS= read -r line; do
  line=${line%%#*}
  [[ $line == isoflop\ * ]] || continue
  echo "\$ $line"
  bash -c "$line"
  ran=$((ran + 1))
done < <(awk '/^```sh/ { inside = 1; next } /^```/ { inside = 0 } inside' "$source_dir/README.md")
[ "$ran" -ge 5 ] || { echo "only $ran commands were found in README.md" >&2; exit 1; }
echo "$ran commands of README.md ran"
