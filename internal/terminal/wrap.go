package terminal

import (
	"strings"

	"github.com/rivo/uniseg"
)

// Fold breaks the lines of a text that have more than some columns, with what goes on two columns further in than the line begins. Spaces
// within such a line become single ones.
func Fold(text string, columns int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		bare, ended := strings.CutSuffix(line, "\n")
		if uniseg.StringWidth(bare) > columns {
			inner := strings.TrimLeft(bare, " ")
			indent := min(len(bare)-len(inner), columns/2)
			margin := strings.Repeat(" ", indent)
			parts := Wrap(inner, columns-indent, 0)
			if len(parts) > 1 {
				rest := strings.TrimPrefix(strings.Join(strings.Fields(inner), " "), parts[0])
				parts = append(parts[:1], Wrap(rest, columns-indent-foldIndent, 0)...)
			}
			for i, part := range parts {
				if i > 0 {
					margin = strings.Repeat(" ", indent+foldIndent)
					b.WriteByte('\n')
				}
				b.WriteString(margin + part)
			}
		} else {
			b.WriteString(bare)
		}
		if ended {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// foldIndent is how much further in the rest of a line stands.
const foldIndent = 2

// Wrap breaks a text into lines of at most width columns, between words where it can. Of a text that takes more than most lines the last
// one ends with an ellipsis; most is 0 for any number of lines.
func Wrap(text string, width, most int) (lines []string) {
	width = max(width, 2)
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && uniseg.StringWidth(line+" "+word) <= width {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for line = word; uniseg.StringWidth(line) > width; {
			fits := begin(line, width)
			lines, line = append(lines, fits), line[len(fits):]
		}
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	if most > 0 && len(lines) > most {
		lines = lines[:most]
		lines[most-1] = begin(lines[most-1], width-1) + "…"
	}
	return lines
}

// begin is as many characters of a text as fit a width, at least one.
func begin(text string, width int) string {
	at, used, state := 0, 0, -1
	for rest := text; rest != ""; {
		var character string
		var w int
		character, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if used += w; used > width && at > 0 {
			break
		}
		at += len(character)
	}
	return text[:at]
}
