package dataset

import (
	"errors"
	"fmt"
	"image"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/maruel/natural"
)

// vstarFolders are V*'s, in the order of its article.
var vstarFolders = []string{"direct_attributes", "relative_position", "OCR", "GPT4V-hard"}

// vstarLines is the file in which V* publishes the first two folders with lettered options.
const vstarLines = "test_questions.jsonl"

// readVStar reads V*'s folders of NAME.json beside pictures or, where none is there, test_questions.jsonl. The ID is FOLDER/NAME, or
// question_id of the lines.
func readVStar(s *Set, sum *sums) error {
	if s.Split != "" {
		return fmt.Errorf("%s has no splits, such as %q", s.Kind, s.Split)
	}
	s.Name = "V* Bench"
	folders, err := annotated(s.Path, vstarFolders)
	switch {
	case err != nil:
		return err
	case len(folders) > 0:
		return s.sceneFolders(folders, sum, false)
	case isFile(s.Path, vstarLines):
		return s.vstarLines(sum)
	}
	return fmt.Errorf("%s: has none of the folders %s with annotations NAME.json, and no %s", s.Path, listed(vstarFolders), vstarLines)
}

// readScenes reads what SceneQuestion and SceneFile tell.
func readScenes(s *Set, sum *sums) error {
	if s.Split != "" {
		return fmt.Errorf("%s has no splits, such as %q", s.Kind, s.Split)
	}
	if isFile(s.Path, ScenesFile) {
		return s.sceneLines(sum)
	}
	all, err := os.ReadDir(s.Path)
	if err != nil {
		return err
	}
	var names []string
	for _, entry := range all {
		if isFolder(s.Path, entry.Name()) {
			names = append(names, entry.Name())
		}
	}
	slices.SortStableFunc(names, natural.Compare)
	folders, err := annotated(s.Path, names)
	if err != nil {
		return err
	}
	if len(folders) == 0 {
		return fmt.Errorf("%s: has no %s, and no folder of pictures with NAME.json beside them", s.Path, ScenesFile)
	}
	return s.sceneFolders(folders, sum, true)
}

// annotated are those of folders that have annotations.
func annotated(root string, folders []string) (there []string, err error) {
	for _, folder := range folders {
		if !isFolder(root, folder) || strings.HasPrefix(folder, ".") {
			continue
		}
		all, err := os.ReadDir(filepath.Join(root, folder))
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(e os.DirEntry) bool { return isAnnotation(e.Name()) }) {
			there = append(there, folder)
		}
	}
	return there, nil
}

func isAnnotation(name string) bool {
	return filepath.Ext(name) == ".json" && !strings.HasPrefix(name, ".")
}

// sceneFolders reads folders of annotations and pictures. free says whether questions may have answers in the place of options.
func (s *Set) sceneFolders(folders []string, sum *sums, free bool) error {
	seen := map[string]string{}
	for _, folder := range folders {
		all, err := os.ReadDir(filepath.Join(s.Path, folder))
		if err != nil {
			return err
		}
		pictures := map[string]string{} // by name without the suffix, which may have dots
		var names []string
		for _, entry := range all {
			name := entry.Name()
			stem := strings.TrimSuffix(name, filepath.Ext(name))
			switch {
			case strings.HasPrefix(name, "."):
			case isAnnotation(name):
				names = append(names, stem)
			case isPicture(name):
				if other, ok := pictures[stem]; ok {
					return wrong(filepath.Join(s.Path, folder, stem+".json"), "", "", "is beside two pictures, %s and %s", other, name)
				}
				pictures[stem] = name
			}
		}
		slices.SortStableFunc(names, natural.Compare)
		for _, name := range names {
			picture, ok := pictures[name]
			if !ok {
				picture = name + ".jpg"
			}
			delete(pictures, name)
			item, err := s.sceneFile(filepath.Join(s.Path, folder, name+".json"), sum, free)
			if err != nil {
				return err
			}
			item.ID, item.Category = folder+"/"+name, folder
			item.Picture = fileOf(folder+"/"+picture, filepath.Join(s.Path, folder, picture))
			if err := s.add(item, filepath.Join(s.Path, folder, name+".json"), "", seen); err != nil {
				return err
			}
		}
		if left := slices.Sorted(maps.Keys(pictures)); len(left) > 0 {
			return wrong(filepath.Join(s.Path, folder, pictures[left[0]]), "", "", "has no annotation %s.json beside it", left[0])
		}
	}
	return nil
}

// sceneFile reads an annotation.
func (s *Set) sceneFile(file string, sum *sums, free bool) (Item, error) {
	var a struct {
		Question *string     `json:"question"`
		Options  []string    `json:"options"`
		Answers  []string    `json:"answers"`
		BBox     [][]float64 `json:"bbox"`
	}
	j, err := openJSON(s, file, sum)
	if err != nil {
		return Item{}, err
	}
	if err := j.close(j.decode("", &a)); err != nil {
		return Item{}, err
	}
	if err := missing(file, "", "question", a.Question == nil, "options", a.Options == nil && (!free || a.Answers == nil)); err != nil {
		return Item{}, err
	}
	if !free {
		a.Answers = nil
	}
	item := Item{Question: *a.Question, Balanced: true}
	if err := item.choose(file, "", a.Options, a.Answers); err != nil {
		return Item{}, err
	}
	for i, b := range a.BBox {
		field := fmt.Sprintf("bbox[%d]", i)
		if len(b) != 4 {
			return Item{}, wrong(file, "", field, "has %d numbers, expected x, y, width and height", len(b))
		}
		box, err := boxOf(b[0], b[1], b[0]+b[2], b[1]+b[3])
		if err != nil {
			return Item{}, wrong(file, "", field, "%w", err)
		}
		item.Boxes = append(item.Boxes, box)
	}
	return item, nil
}

// choose fills in what is right: the first of options, or one of answers.
func (item *Item) choose(file, record string, options, answers []string) error {
	switch {
	case options != nil && answers != nil:
		return wrong(file, record, "options", "are there beside answers, expected one of the two")
	case options == nil && len(answers) == 0:
		return wrong(file, record, "answers", "is empty, expected what is right")
	case options == nil:
		item.Answers = answers
		return nil
	case len(options) < 2:
		return wrong(file, record, "options", "has %d, expected at least 2, of which the first is right", len(options))
	case len(options) > 26:
		return wrong(file, record, "options", "has %d, expected at most 26", len(options))
	}
	for i, option := range options {
		if strings.TrimSpace(option) == "" {
			return wrong(file, record, fmt.Sprintf("options[%d]", i), "is empty")
		}
		item.Letters = append(item.Letters, letter(i))
	}
	item.Options, item.Right = options, 0
	return nil
}

func letter(i int) string { return string(rune('A' + i)) }

// farthest is how many pixels from the corner a box may reach.
const farthest = 1 << 30

// boxOf is the least box of whole pixels around one from x0, y0 to x1, y1.
func boxOf(x0, y0, x1, y1 float64) (image.Rectangle, error) {
	for _, v := range []float64{x0, y0, x1, y1} {
		if !(v >= -farthest && v <= farthest) {
			return image.Rectangle{}, errors.New("lies outside any picture")
		}
	}
	if x1 < x0 || y1 < y0 {
		return image.Rectangle{}, fmt.Errorf("is %v×%v pixels, expected no negative size", x1-x0, y1-y0)
	}
	return image.Rect(int(math.Floor(x0)), int(math.Floor(y0)), int(math.Ceil(x1)), int(math.Ceil(y1))), nil
}

// sceneLines reads questions.jsonl.
func (s *Set) sceneLines(sum *sums) error {
	file := filepath.Join(s.Path, ScenesFile)
	seen := map[string]string{}
	return lines(s, file, sum, func(record string, line []byte) error {
		var q struct {
			ID         *string     `json:"id"`
			Image      *string     `json:"image"`
			Question   *string     `json:"question"`
			Answers    []string    `json:"answers"`
			Options    []string    `json:"options"`
			Category   string      `json:"category"`
			AnswerType string      `json:"answer_type"`
			Boxes      [][]float64 `json:"boxes"`
		}
		if err := unmarshal(file, record, line, &q, true); err != nil {
			return err
		}
		err := missing(file, record, "id", q.ID == nil, "image", q.Image == nil, "question", q.Question == nil, "answers or options", q.Answers == nil && q.Options == nil)
		if err != nil {
			return err
		}
		path, err := below(s.Path, *q.Image)
		if err != nil {
			return wrong(file, record, "image", "%w", err)
		}
		item := Item{
			ID: *q.ID, Picture: fileOf(*q.Image, path), Question: *q.Question, Category: q.Category, AnswerType: q.AnswerType, Balanced: true,
		}
		if err := item.choose(file, record, q.Options, q.Answers); err != nil {
			return err
		}
		for i, option := range q.Options {
			if first := slices.Index(q.Options, option); first < i {
				return wrong(file, record, fmt.Sprintf("options[%d]", i), "has %q, as options[%d] has", option, first)
			}
		}
		for i, b := range q.Boxes {
			field := fmt.Sprintf("boxes[%d]", i)
			if len(b) != 4 {
				return wrong(file, record, field, "has %d numbers, expected x0, y0, x1 and y1", len(b))
			}
			box, err := boxOf(b[0], b[1], b[2], b[3])
			if err != nil {
				return wrong(file, record, field, "%w", err)
			}
			item.Boxes = append(item.Boxes, box)
		}
		return s.add(item, file, record, seen)
	})
}

// lettered is a line with an option.
var lettered = regexp.MustCompile(`^\s*\(([A-Z])\)\s*(.*?)\s*$`)

// splitLettered takes a question apart whose options follow it, each on a line of its own such as "(A) red", in the order of letters.
// What follows the last option is an instruction, and left out.
func splitLettered(text string) (question string, options, letters []string) {
	var asked, between []string
	for line := range strings.Lines(text) {
		m := lettered.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		switch {
		case m != nil && m[1] == letter(len(options)):
			if n := len(options); n > 0 && len(between) > 0 {
				options[n-1] += "\n" + strings.Join(between, "\n")
			}
			between = nil
			options, letters = append(options, m[2]), append(letters, m[1])
		case len(options) == 0:
			asked = append(asked, strings.TrimRight(line, "\r\n"))
		default:
			between = append(between, strings.TrimSpace(line))
		}
	}
	return strings.TrimSpace(strings.Join(asked, "\n")), options, letters
}

// vstarLines reads test_questions.jsonl.
func (s *Set) vstarLines(sum *sums) error {
	file := filepath.Join(s.Path, vstarLines)
	seen := map[string]string{}
	return lines(s, file, sum, func(record string, line []byte) error {
		var q struct {
			Image    *string `json:"image"`
			Text     *string `json:"text"`
			Category string  `json:"category"`
			ID       *int64  `json:"question_id"`
			Label    *string `json:"label"`
		}
		if err := unmarshal(file, record, line, &q, false); err != nil {
			return err
		}
		err := missing(file, record, "image", q.Image == nil, "text", q.Text == nil, "question_id", q.ID == nil, "label", q.Label == nil)
		if err != nil {
			return err
		}
		path, err := below(s.Path, *q.Image)
		if err != nil {
			return wrong(file, record, "image", "%w", err)
		}
		item := Item{ID: strconv.FormatInt(*q.ID, 10), Picture: fileOf(*q.Image, path), Category: q.Category, Balanced: true}
		item.Question, item.Options, item.Letters = splitLettered(*q.Text)
		if len(item.Options) < 2 {
			return wrong(file, record, "text", "has %d options, expected at least the lines (A) … and (B) …", len(item.Options))
		}
		if item.Right = slices.Index(item.Letters, *q.Label); item.Right < 0 {
			return wrong(file, record, "label", "has %q, expected one of %s", *q.Label, listed(item.Letters))
		}
		return s.add(item, file, record, seen)
	})
}
