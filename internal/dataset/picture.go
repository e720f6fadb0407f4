package dataset

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mostPicture is how many bytes the file of a picture may have.
const mostPicture = 1 << 30

// Open reads the picture's file, encoded as it was published. An error names the file, and the row of one within another file.
func (p Picture) Open() ([]byte, error) {
	if p.open == nil {
		return nil, errors.New("no picture was read")
	}
	b, err := p.open()
	return b, oneLine(err)
}

// fileOf is the picture in a file.
func fileOf(name, path string) Picture {
	return Picture{Name: name, File: path, open: func() ([]byte, error) { return readFile(path) }}
}

func readFile(path string) ([]byte, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, mostPicture+1))
	switch {
	case err != nil:
		return nil, err
	case len(b) > mostPicture:
		return nil, fmt.Errorf("%s: has more than %d bytes", path, mostPicture)
	case len(b) == 0:
		return nil, fmt.Errorf("%s: is empty", path)
	}
	return b, nil
}

// CheckPictures looks for the files of pictures. Its error names the first that is not there, its item and its field, and says how many
// are missing. Pictures within other files are left to their Open.
func (s *Set) CheckPictures() error {
	missing, pictures := 0, 0
	var first *Item
	var cause error
	checked := map[string]bool{}
	for i := range s.Items {
		item := &s.Items[i]
		file := item.Picture.File
		if file == "" || checked[file] {
			continue
		}
		checked[file] = true
		pictures++
		info, err := os.Stat(file)
		if err == nil && !info.Mode().IsRegular() {
			err = &fs.PathError{Op: "open", Path: file, Err: errors.New("is no regular file")}
		}
		if err != nil {
			if missing++; first == nil {
				first, cause = item, err
			}
		}
	}
	if first == nil {
		return nil
	}
	return oneLine(fmt.Errorf("%s: item %s: picture: %w (%d of %d pictures are missing)", s.Path, first.ID, cause, missing, pictures))
}

// pictureFolder is that of folders below root that has a picture; without it, the first that exists, and else root. "" is root.
func pictureFolder(root, picture string, folders ...string) string {
	for _, folder := range folders {
		if isFile(root, folder, picture) {
			return filepath.Join(root, folder)
		}
	}
	for _, folder := range folders {
		if folder != "" && isFolder(root, folder) {
			return filepath.Join(root, folder)
		}
	}
	return root
}

// isPicture says whether a name has the suffix of a picture.
func isPicture(name string) bool {
	return slices.Contains([]string{
		".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".heif", ".avif",
	}, strings.ToLower(filepath.Ext(name)))
}

// below is a published path of a picture on this system. It must not lead out of the folder that it is in.
func below(root, published string) (string, error) {
	path := filepath.FromSlash(published)
	if !filepath.IsLocal(path) {
		return "", fmt.Errorf("has %q, expected a path below %s", published, root)
	}
	return filepath.Join(root, path), nil
}
