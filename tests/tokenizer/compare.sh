#!/usr/bin/env bash
# compare.mjs, skipped where there is no node to run it.
command -v node >/dev/null || { echo "SKIPPED: node is not installed"; exit 77; }
exec node "$(dirname "$0")/compare.mjs" "$@"
