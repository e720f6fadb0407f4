// Package licenses holds the notices of all that is linked into the program.
package licenses

import _ "embed"

//go:generate go run ./collect -o texts.txt

// Notices is a list of the parts of the program, and then the text of each licence under the names of the parts that have it.
//
//go:embed texts.txt
var Notices string
