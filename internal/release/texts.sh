#!/bin/sh
# texts.sh VERSION FOLDER: what goes into every archive and package beside the program, written by a program for this machine.
set -eu
version=$1 folder=$2
mkdir -p "$folder/completions"
program=$folder/program
CGO_ENABLED=0 "${GO:-go}" build -trimpath -ldflags "-s -w -X github.com/mcllava/mcllava/cmd.release=$version" -o "$program" ./cmd/mcllava
"$program" man "$folder/man"
gzip -9nf "$folder"/man/*.1
for shell in bash zsh fish powershell; do
	"$program" completion $shell >"$folder/completions/mcllava.$shell"
done
"$program" licenses >"$folder/NOTICES"
rm "$program"
