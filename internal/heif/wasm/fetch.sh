#!/bin/sh
# Fetches the modules of this folder anew from the Go module proxy, whose checksums go verifies; see README.md.
set -e
cd "$(dirname "$0")"
folder() { go mod download -json "$1" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p'; }
heic=$(cd /tmp && folder github.com/gen2brain/heic@v0.4.5)
avif=$(cd /tmp && folder github.com/gen2brain/avif@v0.4.4)
install -m 644 "$heic/lib/heif.wasm.gz" hevc.wasm.gz
install -m 644 "$avif/lib/decode.wasm.gz" av1.wasm.gz
install -m 644 "$heic/lib/LICENSE.libheif" "$heic/lib/LICENSE.libde265" "$avif/lib/LICENSE.libavif" "$avif/lib/LICENSE.aom" .
install -m 644 "$heic/LICENSE" LICENSE.gen2brain
