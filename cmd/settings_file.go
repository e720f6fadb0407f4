package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// written is a setting as it stands in a config file.
type written struct {
	key     string // in lower case, as keys are compared
	line    int    // from 1
	numbers []string
	list    bool
}

// number is the number that the setting is, digit for digit; "" if it is something else.
func (w written) number() string {
	if w.list || len(w.numbers) != 1 {
		return ""
	}
	return w.numbers[0]
}

// find is the setting of a key, without a line if it is not known where it stands.
func find(settings []written, key string) written {
	key, _, _ = strings.Cut(key, ".")
	if i := slices.IndexFunc(settings, func(w written) bool { return w.key == key }); i >= 0 {
		return settings[i]
	}
	return written{key: key}
}

// at names a line of a config file, if that is known.
func (w written) at(file string) string {
	if w.line == 0 {
		return "config file " + file
	}
	return fmt.Sprintf("config file %s, line %d", file, w.line)
}

// readWritten is what stands in a config file. The error is of what the libraries that read settings would pass over: a setting that is there
// twice, a second document, and a number that no computer has.
func readWritten(name string) ([]written, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var settings []written
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json":
		settings, err = writtenJSON(text)
	case ".toml":
		settings = writtenTOML(text)
	default:
		settings, err = writtenYAML(text)
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("config file %s, %w", name, err)}
	}
	for i, w := range settings {
		if before := find(settings[:i], w.key); before.line > 0 {
			return nil, usageError{fmt.Errorf("%s: %s is set already, in line %d", w.at(name), w.key, before.line)}
		}
		for _, n := range w.numbers {
			if _, err := strconv.ParseFloat(strings.ReplaceAll(n, "_", ""), 64); errors.Is(err, strconv.ErrRange) {
				return nil, usageError{fmt.Errorf("%s: %s is %s, which is too large or too small", w.at(name), w.key, n)}
			}
		}
	}
	return settings, nil
}

// writtenYAML reads YAML as far as it can be understood: the rest is the library's to refuse.
func writtenYAML(text []byte) (settings []written, err error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var document, second yaml.Node
	if d.Decode(&document) != nil || len(document.Content) == 0 {
		return nil, nil
	}
	if err := d.Decode(&second); err == nil && !empty(second) || err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("line %d: a second document begins, expected one", secondDocument(text))
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		w := written{key: strings.ToLower(key.Value), line: key.Line, list: value.Kind == yaml.SequenceNode}
		eachScalar(value, func(n *yaml.Node) {
			if n.Tag == "!!int" || n.Tag == "!!float" {
				w.numbers = append(w.numbers, n.Value)
			}
		})
		settings = append(settings, w)
	}
	return settings, nil
}

// empty says whether a document has nothing.
func empty(document yaml.Node) bool {
	return len(document.Content) == 0 || document.Content[0].Tag == "!!null"
}

// secondDocument is the line of the mark that ends the first document.
func secondDocument(text []byte) int {
	n, begun := 0, false
	for line := range bytes.Lines(text) {
		n++
		mark := bytes.HasPrefix(line, []byte("---")) || bytes.HasPrefix(line, []byte("..."))
		if mark && begun {
			break
		}
		content := bytes.TrimSpace(bytes.TrimPrefix(line, []byte("---")))
		begun = begun || len(content) > 0 && content[0] != '#' && content[0] != '%'
	}
	return n
}

func eachScalar(n *yaml.Node, visit func(*yaml.Node)) {
	switch n.Kind {
	case yaml.ScalarNode:
		visit(n)
	case yaml.SequenceNode:
		for _, one := range n.Content {
			if one.Kind == yaml.ScalarNode {
				visit(one)
			}
		}
	case yaml.AliasNode:
		if n.Alias.Kind == yaml.ScalarNode {
			visit(n.Alias)
		}
	}
}

// writtenJSON reads JSON as far as it can be understood.
func writtenJSON(text []byte) (settings []written, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, nil
	}
	for d.More() {
		key, err := d.Token()
		name, ok := key.(string)
		if err != nil || !ok {
			break
		}
		w := written{key: strings.ToLower(name), line: bytes.Count(text[:d.InputOffset()], []byte{'\n'}) + 1}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			break
		}
		w.list = bytes.HasPrefix(value, []byte("["))
		within := json.NewDecoder(bytes.NewReader(value))
		within.UseNumber()
		for token, err := within.Token(); err == nil; token, err = within.Token() {
			if n, ok := token.(json.Number); ok {
				w.numbers = append(w.numbers, n.String())
			}
		}
		settings = append(settings, w)
	}
	return settings, nil
}

var (
	tomlSetting = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^\s*["']?([\w-]+)["']?\s*=\s*(\[?)([^#]*)`)
	})
	tomlNumber = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[+-]?[0-9][0-9_]*(\.[0-9_]+)?([eE][+-]?[0-9]+)?$`)
	})
)

// writtenTOML finds settings line by line. What is wrong with one, the library says.
func writtenTOML(text []byte) (settings []written) {
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		if strings.HasPrefix(strings.TrimSpace(line), "[") {
			break // the settings of a table are none
		}
		if parts := tomlSetting().FindStringSubmatch(line); parts != nil {
			w := written{key: strings.ToLower(parts[1]), line: n, list: parts[2] != ""}
			if value := strings.TrimSpace(parts[3]); !w.list && tomlNumber().MatchString(value) {
				w.numbers = []string{value}
			}
			settings = append(settings, w)
		}
	}
	return settings
}
