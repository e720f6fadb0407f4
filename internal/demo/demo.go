// Package demo holds a checkpoint with the architecture and file layout of MC-LLaVA and 1.8 million parameters. It reads
// the shop sign in drawn street scenes, so that the program can be tried and tested without the published weights.
//
// README.md tells how it was trained and how well it reads.
package demo

import (
	"embed"
	"io/fs"
	"unsafe"
)

//go:embed checkpoint
var files embed.FS

// Checkpoint returns the checkpoint's folder, config.json at its top.
func Checkpoint() fs.FS {
	folder, err := fs.Sub(files, "checkpoint")
	if err != nil {
		panic(err) // the name is a valid path: cannot happen
	}
	return folder
}

//go:embed checkpoint/model.safetensors
var weights string // the same bytes as in files: the program holds them once

// Weights are the bytes of model.safetensors where they lie in the program, not copied. They must not be written to.
func Weights() []byte { return unsafe.Slice(unsafe.StringData(weights), len(weights)) }
