#!/usr/bin/env bash
# Builds the optional addon zlib-sync against the pinned Node's own headers, without a download.
# Without a compiler or python there is no addon: node:zlib does the same work.
set -u
cd "$(dirname "$0")/.."
headers=$(node -p 'require("node:path").resolve(process.execPath, "../..")')
if [ ! -f "$headers/include/node/node.h" ]; then
  echo "build-addon: no Node headers in $headers: going on without zlib-sync" >&2
  exit 0
fi
if ! log=$(npm rebuild zlib-sync --nodedir="$headers" --foreground-scripts 2>&1); then
  echo "build-addon: zlib-sync was not built (no C++ compiler or python?): going on with node:zlib" >&2
  printf '%s\n' "$log" | tail -n 3 >&2
  rm -rf node_modules/zlib-sync/build
fi
