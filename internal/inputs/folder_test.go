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
	pictures(
		t, "p/img10.JPG", "p/img2.jpg", "p/img1.jpg", "p/notes.txt", "p/noextension", "p/.hidden.jpg", "p/._img1.jpg",
		"p/b.jpeg", "p/c.jpe", "p/d.png", "p/e.gif", "p/f.webp", "p/g.bmp", "p/h.tif", "p/i.tiff", "p/j.heic", "p/k.heif", "p/l.avif",
		"p/m.svg", "deep/a1/x.png", "deep/a10/x.png", "deep/a2/x.png", "deep/a2/y.txt", "deep/a9.png", "deep/.git/x.png", "deep/empty.png/readme",
		"none/notes.txt", "hollow/notes.txt", "hollow/a/b/x.jpg", "strange/[1].jpg", "strange/1.jpg",
	)
	if runtime.GOOS != "windows" {
		for link, to := range map[string]string{"deep/loop": ".", "deep/a1/up": "..", "deep/z": "../hollow", "deep/folder.png": "../p", "deep/link.png": "a9.png", "deep/broken.png": "gone"} {
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
	deep := slices.Concat([]string{"deep/a1/x.png", "deep/a2/x.png", "deep/a9.png", "deep/a10/x.png"}, links("deep/broken.png"), prefixed("deep/folder.png/", flat), links("deep/link.png"))
	for _, c := range []struct {
		images    []string
		recursive bool
		want      []string
	}{
		{[]string{"p"}, false, flat},
		{[]string{"p/"}, true, flat},
		{[]string{"deep"}, true, slices.Concat(deep, links("deep/z/a/b/x.jpg"))},
		{[]string{"deep"}, false, slices.Concat([]string{"deep/a9.png"}, links("deep/broken.png", "deep/link.png"))},
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
		{[]string{"none"}, false, []string{"! none: no pictures in the folder"}},
		{[]string{"hollow"}, false, []string{"! hollow: no pictures in the folder, but below it: they are asked about with -r (--recursive)"}},
		{[]string{"p/d.png", "none"}, true, []string{"! none: no pictures in the folder or below it"}},
		{[]string{"p/*.xyz"}, false, []string{"! p/*.xyz: no file of that name, and as a pattern it matches none"}},
		{[]string{"p/[.jpg"}, false, []string{"! p/[.jpg: no file of that name, and no pattern: a [ has no ]"}},
		{[]string{"p/**/*.jpg"}, false, []string{"! p/**/*.jpg: patterns have no **, expected a folder to look through recursively"}},
	} {
		got := listed(t, Options{Images: c.images, Recursive: c.recursive, Questions: []string{"q"}})
		for i := range got {
			got[i] = strings.TrimSuffix(got[i], "|q")
		}
		expect(t, fmt.Sprint(c.images, c.recursive), got, c.want...)
	}
}

// prefixed are the names that files of p have where a link leads to it.
func prefixed(to string, names []string) (out []string) {
	if runtime.GOOS == "windows" {
		return nil
	}
	for _, name := range names {
		out = append(out, to+strings.TrimPrefix(name, "p/"))
	}
	return out
}

// Of what is called like a picture and of what is one nothing is passed over.
func TestFolderByContent(t *testing.T) {
	const folder = "../../testdata/cases/folder-jfif/pictures"
	expect(t, "JFIF", listed(t, Options{Images: []string{folder}, Questions: []string{"q"}}), folder+"/a.jpg|q", folder+"/b.jfif|q")

	pictures(t, "p/a.jpg", "p/text.jpg", "p/notes.txt", "p/empty.png", "p/empty.txt", "p/sub/more.txt", "p/sub/b.jpg", "other/x.md", "other/c.jpg")
	for name, content := range map[string]string{
		"p/text.jpg": "<html>", "p/empty.png": "", "p/empty.txt": "", "p/none": "\x89PNG\r\n\x1a\n", "p/layers.psd": "8BPS\x00\x01", "p/short": "BM",
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for recursive, want := range map[bool]struct {
		images []string
		passed []PassedOver
	}{
		false: {[]string{"p/a.jpg", "p/empty.png", "p/layers.psd", "p/none", "p/text.jpg", "other/c.jpg"}, []PassedOver{{"p", 3}, {"other", 1}}},
		true:  {[]string{"p/a.jpg", "p/empty.png", "p/layers.psd", "p/none", "p/sub/b.jpg", "p/text.jpg", "other/c.jpg"}, []PassedOver{{"p", 4}, {"other", 1}}},
	} {
		j, err := New(Options{Images: []string{"p", "other"}, Recursive: recursive, Questions: []string{"q"}})
		if err != nil {
			t.Fatal(err)
		}
		if p := j.PassedOver(); p != nil {
			t.Errorf("%v were passed over before anything was gone through", p)
		}
		if n, _ := j.Count(); n != len(want.images) {
			t.Errorf("%d pairs, expected %d", n, len(want.images))
		}
		for range 2 {
			if p := j.PassedOver(); !slices.Equal(p, want.passed) {
				t.Errorf("%v were passed over, expected %v", p, want.passed)
			}
			var got []string
			for pair := range j.All() {
				got = append(got, filepath.ToSlash(pair.Image))
			}
			expect(t, "images", got, want.images...)
		}
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
	pictures(t, "a/closed/x.png", "a/z.png")
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
	for source := range o.below(filepath.Join(t.TempDir(), "gone"), "", nil) {
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
