package inputs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestFoldersAndPatterns(t *testing.T) {
	tree(
		t, "p/img10.JPG", "p/img2.jpg", "p/img1.jpg", "p/notes.txt", "p/noextension", "p/.hidden.jpg", "p/._img1.jpg",
		"p/b.jpeg", "p/c.jpe", "p/d.png", "p/e.gif", "p/f.webp", "p/g.bmp", "p/h.tif", "p/i.tiff", "p/j.heic", "p/k.heif", "p/l.avif",
		"p/m.svg", "deep/a1/x.png", "deep/a10/x.png", "deep/a2/x.png", "deep/a2/y.txt", "deep/a9.png", "deep/.git/x.png", "deep/empty.png/readme",
		"none/notes.txt", "strange/[1].jpg", "strange/1.jpg",
	)
	if runtime.GOOS != "windows" {
		for link, to := range map[string]string{"deep/loop": ".", "deep/folder.png": "../p", "deep/link.png": "a9.png", "deep/broken.png": "gone"} {
			if err := os.Symlink(to, link); err != nil {
				t.Fatal(err)
			}
		}
	}
	flat := []string{"p/b.jpeg", "p/c.jpe", "p/d.png", "p/e.gif", "p/f.webp", "p/g.bmp", "p/h.tif", "p/i.tiff", "p/img1.jpg", "p/img2.jpg", "p/img10.JPG", "p/j.heic", "p/k.heif", "p/l.avif"}
	links := func(names ...string) []string {
		if runtime.GOOS == "windows" {
			return nil
		}
		return names
	}
	deep := slices.Concat([]string{"deep/a1/x.png", "deep/a2/x.png", "deep/a9.png", "deep/a10/x.png"}, links("deep/broken.png", "deep/folder.png", "deep/link.png"))
	for _, c := range []struct {
		images    []string
		recursive bool
		want      []string
	}{
		{[]string{"p"}, false, flat},
		{[]string{"p/"}, true, flat},
		{[]string{"deep"}, true, deep},
		{[]string{"deep"}, false, slices.Concat([]string{"deep/a9.png"}, links("deep/broken.png", "deep/folder.png", "deep/link.png"))},
		{[]string{"p/notes.txt", "p/.hidden.jpg"}, false, []string{"p/notes.txt", "p/.hidden.jpg"}},
		{[]string{"p/img*.jpg", "p/img1.jpg"}, false, []string{"p/img1.jpg", "p/img2.jpg", "p/img1.jpg"}},
		{[]string{"p/[hn]*"}, false, []string{"p/h.tif", "p/noextension", "p/notes.txt"}},
		{[]string{"p/.*"}, false, []string{"p/._img1.jpg", "p/.hidden.jpg"}},
		{[]string{"deep/*/x.png"}, false, []string{"deep/a1/x.png", "deep/a2/x.png", "deep/a10/x.png"}},
		{[]string{"deep/.g*/x.png"}, false, []string{"deep/.git/x.png"}},
		{[]string{"deep/a[12]"}, false, []string{"deep/a1/x.png", "deep/a2/x.png"}},
		{[]string{"strange/[1].jpg"}, false, []string{"strange/[1].jpg"}},
		{[]string{"strange/?.jpg"}, false, []string{"strange/1.jpg"}},
		{[]string{"gone.jpg", "gone/"}, false, []string{"gone.jpg", "gone/"}},
		{[]string{"none"}, false, []string{"! none: no pictures in the folder (those below it are asked about only recursively)"}},
		{[]string{"p/d.png", "none"}, true, []string{"! none: no pictures in the folder or below it"}},
		{[]string{"p/*.xyz"}, false, []string{"! p/*.xyz: no file of that name, and as a pattern it matches none"}},
		{[]string{"p/[.jpg"}, false, []string{"! p/[.jpg: syntax error in pattern"}},
		{[]string{"p/**/*.jpg"}, false, []string{"! p/**/*.jpg: patterns have no **, expected a folder to look through recursively"}},
	} {
		got := listed(t, Options{Images: c.images, Recursive: c.recursive, Questions: []string{"q"}})
		for i := range got {
			got[i] = strings.TrimSuffix(got[i], "|q")
		}
		expect(t, fmt.Sprint(c.images, c.recursive), got, c.want...)
	}
}

// A file that is called as standard input is.
func TestFileCalledDash(t *testing.T) {
	tree(t, "-")
	got := listed(t, Options{Images: []string{"./-"}, Questions: []string{"q"}})
	expect(t, "./-", got, "./-|q")
	j, err := New(Options{Images: []string{"-*"}, Questions: []string{"q"}})
	if err != nil {
		t.Fatal(err)
	}
	for job := range j.All() {
		if data, err := job.Source.Open(); string(data) != "content of -" || err != nil {
			t.Errorf("a pattern that matches -: %q, %v", data, err)
		}
	}
}

func TestFolderThatCannotBeListed(t *testing.T) {
	tree(t, "a/closed/x.png", "a/z.png")
	if err := os.Chmod("a/closed", 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod("a/closed", 0o700) })
	if _, err := os.ReadDir("a/closed"); err == nil {
		t.Skip("this user may list any folder")
	}
	expect(t, "recursive", listed(t, Options{Images: []string{"a"}, Recursive: true, Questions: []string{"q"}}), "a/closed|q", "a/z.png|q")
	expect(t, "itself", listed(t, Options{Images: []string{"a/closed"}, Questions: []string{"q"}}), "a/closed|q")
}

func TestFailedFolder(t *testing.T) {
	o := Options{Recursive: true}
	n := 0
	for source := range o.below(filepath.Join(t.TempDir(), "gone")) {
		n++
		_, err := source.Open()
		_, hashErr := source.Hash()
		if err == nil || !errors.Is(err, hashErr) || !strings.Contains(err.Error(), "gone") {
			t.Errorf("%v, %v", err, hashErr)
		}
	}
	if n != 1 {
		t.Errorf("a folder that cannot be listed is %d images, expected 1", n)
	}
}

func TestManyPictures(t *testing.T) {
	const many = 10_000
	t.Chdir(t.TempDir())
	for i := range many {
		f, err := os.Create(fmt.Sprintf("picture%d.jpg", i))
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	}
	j, err := New(Options{Images: []string{"."}, Questions: []string{"one", "two"}})
	if err != nil {
		t.Fatal(err)
	}
	if n, known := j.Count(); n != 2*many || !known {
		t.Errorf("%d jobs, known %v", n, known)
	}
	i := 0
	for job, err := range j.All() {
		if want := fmt.Sprintf("picture%d.jpg", i/2); err != nil || job.Image != want {
			t.Fatalf("job %d is about %s, %v; expected %s", i, job.Image, err, want)
		}
		i++
	}
	if i != 2*many {
		t.Errorf("%d jobs", i)
	}
}
