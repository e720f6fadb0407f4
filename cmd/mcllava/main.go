// Command mcllava answers questions about high-resolution pictures.
package main

import (
	"os"

	"github.com/mcllava/mcllava/cmd"
)

func main() {
	os.Exit(cmd.Main(os.Args[1:], cmd.System()))
}
