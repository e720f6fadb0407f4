package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/mcllava/mcllava/internal/demo"
	"github.com/mcllava/mcllava/internal/hub"
	"github.com/mcllava/mcllava/internal/modelfile"
)

// Demo is the name of the checkpoint that the program carries.
const Demo = "demo"

// find returns the files of a checkpoint that is given as a folder, as the OWNER/NAME of a repository in the hub's cache where
// there is no folder of that name, or as "" or Demo; and the name that messages call it by.
func find(model string) (files fs.FS, name string, err error) {
	if isDemo(model) {
		return demo.Checkpoint(), Demo, nil
	}
	path, err := modelPath(model)
	if err != nil {
		return nil, model, err
	}
	return modelfile.Dir(path), model, nil
}

func isDemo(model string) bool { return model == "" || model == Demo }

// modelPath is the folder of a checkpoint that is given as a folder or, where there is none of that name, as the OWNER/NAME of a
// repository in the hub's cache.
func modelPath(model string) (string, error) {
	info, err := os.Stat(model)
	switch {
	case err == nil && info.IsDir():
		return model, hub.CheckFolder(model)
	case err == nil:
		return "", fmt.Errorf("%s: not a folder, expected one with a checkpoint's config.json, tokenizer.json and model.safetensors", model)
	case hub.IsURL(model):
		if repo, _, ok := hub.RepoOfURL(model); ok {
			return "", fmt.Errorf("%s: a URL, from which nothing is fetched here, expected %s; run: mcllava pull %s", model, repo, repo)
		}
		return "", fmt.Errorf("%s: a URL, expected a folder or the OWNER/NAME of a checkpoint that was pulled", model)
	case !hub.IsRepo(model):
		return "", err
	}
	cache, err := hub.DefaultCache()
	if err != nil {
		return "", err
	}
	folder, err := cache.Find(model, hub.DefaultRevision)
	if errors.Is(err, hub.ErrNotPulled) {
		return "", fmt.Errorf("%s: no such folder, and %w; run: mcllava pull %s", model, err, model)
	}
	return folder, err
}
