package records

import (
	"fmt"
	"path/filepath"
	"strings"
	"text/template"
)

// Naming makes of an image's name that of the file which is to hold its answers.
type Naming struct{ template *template.Template }

// ParseNaming reads a template of a name, such as {{.Name}}.txt. Of a record it may use what is known of an image alone: .Image and .Name.
func ParseNaming(text string) (Naming, error) {
	t, err := newTemplate(sidecarFlag, text)
	if err != nil {
		return Naming{}, err
	}
	n := Naming{t}
	const image = "folder/image.jpg"
	bare, err := n.execute(Record{Image: image})
	if err != nil {
		return Naming{}, err
	}
	number := 0.5
	full, err := n.execute(Record{
		ID: "id", Image: image, Question: "is it day or night?", Answer: "day", Error: "none", Choice: "day", LogProb: &number, Confidence: &number, PMin: &number,
		Tokens: []int{1}, Finish: "stop", N: 1, Of: 2, Key: "key", Run: "run", Model: "model", ImageSHA256: "sum", Checkpoint: "checkpoint",
	})
	switch {
	case err != nil:
		return Naming{}, err
	case bare != full:
		return Naming{}, fmt.Errorf(sidecarFlag+": the name %q depends on more than the image, expected a template of .Image and .Name alone", text)
	}
	_, err = n.Of(image)
	return n, err
}

// Of is the path of an image's file: the template's, below the image's folder unless it is absolute.
func (n Naming) Of(image string) (string, error) {
	name, err := n.execute(Record{Image: image})
	if err != nil {
		return "", err
	}
	switch base := filepath.Base(name); {
	case strings.TrimSpace(name) == "":
		return "", fmt.Errorf(sidecarFlag+": the name of %s's file is empty", image)
	case strings.ContainsAny(name, "\x00\n\r"):
		return "", fmt.Errorf(sidecarFlag+": the name %q has a newline or a NUL, expected that of a file", name)
	case base == "." || base == ".." || base == string(filepath.Separator) || strings.HasSuffix(filepath.ToSlash(name), "/"):
		return "", fmt.Errorf(sidecarFlag+": the name %q is that of a folder, expected that of a file", name)
	}
	if filepath.IsAbs(name) {
		return filepath.Clean(name), nil
	}
	return filepath.Join(filepath.Dir(image), name), nil
}

func (n Naming) execute(r Record) (string, error) {
	var text strings.Builder
	if err := n.template.Execute(&text, newView(r)); err != nil {
		return "", templateError(sidecarFlag, err)
	}
	return text.String(), nil
}
