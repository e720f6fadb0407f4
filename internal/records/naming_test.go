package records

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestNamesOfFilesBesideImages(t *testing.T) {
	absolute := filepath.Join(t.TempDir(), "all")
	for _, c := range []struct{ template, image, want string }{
		{"{{.Name}}.txt", "photos/a.b.jpg", filepath.Join("photos", "a.b.txt")},
		{"{{.Name}}.txt", "a.jpg", "a.txt"},
		{"{{base .Image}}.json", "photos/a.jpg", filepath.Join("photos", "a.jpg.json")},
		{"../captions/{{.Name}}", "photos/a.jpg", filepath.Join("captions", "a")},
		{absolute + "/{{.Name}}.txt", "photos/a.jpg", filepath.Join(absolute, "a.txt")},
		{`{{.Name}}\t`, "a.jpg", filepath.Clean(`a\t`)},
	} {
		n, err := ParseNaming(c.template)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := n.Of(c.image); err != nil || got != c.want {
			t.Errorf("%s of %s is %q, %v; want %q", c.template, c.image, got, err, c.want)
		}
	}
	for template, want := range map[string]string{
		"":                      "--sidecar: the name of",
		"{{.Name":               "--sidecar, line 1: {{ has no }} behind it",
		"{{.Nam}}":              "--sidecar, line 1: there is no field .Nam; fields are ",
		"{{.Name}}/":            "that of a folder",
		"..":                    "that of a folder",
		"{{.Name}}\n.txt":       "a newline or a NUL",
		"{{.Name}}{{.Answer}}":  "depends on more than the image",
		"{{.Name}}-{{.N}}.txt":  "depends on more than the image",
		"{{.Question}}.txt":     "depends on more than the image",
		"{{.ImageSHA256}}.txt":  "depends on more than the image",
		"{{.Name}}{{.ID}}.json": "depends on more than the image",
	} {
		if _, err := ParseNaming(template); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", template, err, want)
		}
	}
	n, err := ParseNaming("{{.Name}}.txt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Of("a\nb.jpg"); err == nil {
		t.Error("a name with a newline is taken")
	}
}

func TestTemplateHasTabsAndNewlines(t *testing.T) {
	f, err := ParseFormat("template", `{{.Image}}\t{{.Answer}}\n--`)
	if err != nil {
		t.Fatal(err)
	}
	r := Record{Image: "a.jpg", Question: "q", Answer: `a\tb`}
	text, err := f.encode(r, false)
	if want := "a.jpg\ta\\tb\n--\n"; err != nil || string(text) != want {
		t.Errorf("%q, %v; want %q", text, err, want)
	}
	if n, err := f.Size(r, false); err != nil || n != len(text) {
		t.Errorf("size %d, %v; want %d", n, err, len(text))
	}
}
