package cmd

import (
	"strings"
	"unicode/utf8"
)

// page is text that is broken between words, so that no line has more than columns, unless it is one word that has.
type page struct {
	strings.Builder
	columns int
}

func (p *page) blank() {
	if p.Len() > 0 {
		p.WriteByte('\n')
	}
}

func (p *page) heading(text string) {
	p.blank()
	p.WriteString(text + ":\n")
}

// flow writes words, in lines that start with first and then with next, and end with end where another follows.
func (p *page) flow(words []string, first, next, end string) {
	line, empty := first, true
	for i, word := range words {
		room := p.columns
		if i < len(words)-1 {
			room -= utf8.RuneCountInString(end)
		}
		switch {
		case empty:
			line += word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= room:
			line += " " + word
		default:
			p.WriteString(line + end + "\n")
			line = next + word
		}
		empty = false
	}
	p.WriteString(strings.TrimRight(line, " ") + "\n")
}

// prose writes text with an indent.
func (p *page) prose(text string, indent int) {
	margin := strings.Repeat(" ", indent)
	p.flow(strings.Fields(text), margin, margin, "")
}

// command writes a line of a shell. It is continued as a shell has it, and never inside quotes.
func (p *page) command(line string, indent int) {
	margin := strings.Repeat(" ", indent)
	p.flow(shellWords(line), margin, margin+"  ", ` \`)
}

// shellWords splits a command at spaces that a line may be broken at.
func shellWords(line string) (words []string) {
	var quote rune
	var word strings.Builder
	inside := 0 // of $( )
	for _, r := range strings.TrimSpace(line) {
		switch {
		case r == quote && inside == 0:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case r == '(' && strings.HasSuffix(word.String(), "$") && quote != '\'':
			inside++
		case r == ')' && inside > 0:
			inside--
		}
		if r == ' ' && (quote == 0 || inside > 0) {
			if word.Len() > 0 {
				words = append(words, word.String())
			}
			word.Reset()
			continue
		}
		word.WriteRune(r)
	}
	return append(words, word.String())
}

// items writes names with a description beside each.
func (p *page) items(items [][2]string) {
	width := 0
	for _, item := range items {
		width = max(width, utf8.RuneCountInString(item[0]))
	}
	p.itemsBeside(items, width)
}

// gap is between a column of names and that of their descriptions.
const gap = 2

// itemsBeside writes names in a column of a width, each with its description beside it or, where there is no room, below it.
func (p *page) itemsBeside(items [][2]string, width int) {
	under := p.columns < narrowColumns && p.columns-width-gap < leastText
	for _, item := range items {
		if under {
			p.WriteString(strings.TrimRight(strings.Replace(item[0], "      --", "  --", 1), " ") + "\n")
			p.prose(item[1], 6)
			continue
		}
		margin := strings.Repeat(" ", width+gap)
		first := item[0]
		if n := utf8.RuneCountInString(first); n > width {
			p.WriteString(first + "\n")
			first = margin
		} else {
			first += strings.Repeat(" ", width+gap-n)
		}
		p.flow(strings.Fields(item[1]), first, margin, "")
	}
}

// long writes a command's long text.
func (p *page) long(text string) {
	for i, b := range blocksOf(text) {
		if i > 0 && b.apart {
			p.blank()
		}
		margin := strings.Repeat(" ", b.indent)
		switch b.kind {
		case proseBlock:
			p.flow(strings.Fields(b.text), margin, margin, "")
		case commandBlock:
			p.command(b.text, 2)
		case itemBlock:
			p.itemsBeside([][2]string{{margin + b.name, b.text}}, b.width)
		}
	}
}

type blockKind int

const (
	proseBlock   blockKind = iota
	commandBlock           // a line of a shell
	itemBlock              // a name and its description
)

// block is a part of a long text.
type block struct {
	kind       blockKind
	apart      bool // after an empty line
	indent     int
	width      int // of the column of names, the indent included
	name, text string
}

// blocksOf splits a long text. Lines without an indent are prose. A line that begins with a tab is a command. In other lines with an
// indent, a name is followed by at least two spaces and its description, which goes on in lines that begin below it.
func blocksOf(text string) (blocks []block) {
	apart := false
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimRight(lines[i], " ")
		trimmed := strings.TrimSpace(line)
		b := block{apart: apart, indent: len(line) - len(strings.TrimLeft(line, " ")), text: trimmed}
		apart = false
		name, description, named := strings.Cut(trimmed, "  ")
		switch {
		case trimmed == "":
			apart = true
			continue
		case line[0] == '\t':
			b.kind = commandBlock
		case b.indent > 0 && named:
			b.kind, b.name, b.text = itemBlock, name, strings.TrimSpace(description)
			below := strings.Repeat(" ", utf8.RuneCountInString(strings.TrimSuffix(line, b.text)))
			b.width = len(below) - gap
			for i+1 < len(lines) && strings.HasPrefix(lines[i+1], below) && strings.TrimSpace(lines[i+1]) != "" {
				i++
				b.text += " " + strings.TrimSpace(lines[i])
			}
		case b.indent == 0:
			for i+1 < len(lines) && strings.TrimSpace(lines[i+1]) != "" && !strings.ContainsAny(lines[i+1][:1], " \t") {
				i++
				b.text += " " + strings.TrimSpace(lines[i])
			}
		}
		blocks = append(blocks, b)
	}
	return blocks
}
