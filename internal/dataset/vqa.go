package dataset

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
)

// people is how many answers each question of VQAv2, TextVQA and VizWiz has.
const people = 10

// personAnswer is what one person said.
type personAnswer struct {
	Answer *string `json:"answer"`
}

// words are texts of which each is held once.
type words map[string]string

func (w words) once(text string) string {
	if held, ok := w[text]; ok {
		return held
	}
	w[text] = text
	return text
}

// of are the answers of ten people.
func (w words) of(answers []personAnswer, file, record string) ([]string, error) {
	if len(answers) != people {
		return nil, wrong(file, record, "answers", "has %d, expected %d", len(answers), people)
	}
	all := make([]string, people)
	for i, a := range answers {
		if a.Answer == nil {
			return nil, wrong(file, record, fmt.Sprintf("answers[%d].answer", i), "is missing")
		}
		all[i] = w.once(*a.Answer)
	}
	return all, nil
}

// vqaSplits are VQAv2's by name, as its files call them.
var vqaSplits = []struct{ name, questions, pictures string }{
	{"val", "val2014", "val2014"},
	{"train", "train2014", "train2014"},
	{"test", "test2015", "test2015"},
	{"test-dev", "test-dev2015", "test2015"},
}

func vqaQuestions(split string) string { return "v2_OpenEnded_mscoco_" + split + "_questions.json" }

// readVQAv2 reads v2_OpenEnded_mscoco_SPLIT_questions.json and v2_mscoco_SPLIT_annotations.json, which test and test-dev do not have.
// Pictures COCO_SPLIT_ID.jpg are beside them or in the folder SPLIT.
func readVQAv2(s *Set, sum *sums) error {
	if s.Split == "" {
		s.Split = vqaSplits[0].name
	}
	var names, there []string
	chosen := -1
	for i, split := range vqaSplits {
		names = append(names, split.name)
		if split.name == s.Split || split.questions == s.Split {
			chosen = i
		}
		if isFile(s.Path, vqaQuestions(split.questions)) {
			there = append(there, split.name)
		}
	}
	if chosen < 0 {
		return unknownSplit(s, names)
	}
	split := vqaSplits[chosen]
	s.Name, s.Split = "VQAv2", split.name
	file := filepath.Join(s.Path, vqaQuestions(split.questions))
	if !isFile(file) {
		return noSplit(s, filepath.Base(file), there)
	}
	pictures, err := s.vqaQuestions(file, split.pictures, sum)
	if err != nil {
		return err
	}
	annotations := filepath.Join(s.Path, "v2_mscoco_"+split.questions+"_annotations.json")
	if !isFile(annotations) && split.pictures == "test2015" {
		return nil
	}
	return s.vqaAnnotations(annotations, pictures, sum)
}

// vqaQuestions reads questions, and returns the pictures' numbers by item.
func (s *Set) vqaQuestions(file, pictures string, sum *sums) (numbers []int64, err error) {
	j, err := openJSON(s, file, sum)
	if err != nil {
		return nil, err
	}
	seen := map[string]string{}
	folder := ""
	return numbers, j.close(j.listIn("questions", func(record string) error {
		var q struct {
			Picture  *int64  `json:"image_id"`
			Question *string `json:"question"`
			ID       *int64  `json:"question_id"`
		}
		if err := j.decode(record, &q); err != nil {
			return err
		}
		if err := missing(file, record, "question_id", q.ID == nil, "image_id", q.Picture == nil, "question", q.Question == nil); err != nil {
			return err
		}
		name := fmt.Sprintf("COCO_%s_%012d.jpg", pictures, *q.Picture)
		if folder == "" {
			folder = pictureFolder(s.Path, name, "", pictures)
		}
		numbers = append(numbers, *q.Picture)
		return s.add(Item{
			ID: strconv.FormatInt(*q.ID, 10), Picture: fileOf(name, filepath.Join(folder, name)), Question: *q.Question, Balanced: true,
		}, file, record, seen)
	}))
}

// vqaAnnotations reads what people answered to questions about pictures, which are by item.
func (s *Set) vqaAnnotations(file string, pictures []int64, sum *sums) error {
	at := make(map[string]int, len(s.Items))
	for i, item := range s.Items {
		at[item.ID] = i
	}
	j, err := openJSON(s, file, sum)
	if err != nil {
		return err
	}
	held := words{}
	err = j.close(j.listIn("annotations", func(record string) error {
		var a struct {
			ID           *int64         `json:"question_id"`
			Picture      *int64         `json:"image_id"`
			Answers      []personAnswer `json:"answers"`
			AnswerType   *string        `json:"answer_type"`
			QuestionType *string        `json:"question_type"`
		}
		if err := j.decode(record, &a); err != nil {
			return err
		}
		err := missing(file, record, "question_id", a.ID == nil, "answers", a.Answers == nil, "answer_type", a.AnswerType == nil, "question_type", a.QuestionType == nil)
		if err != nil {
			return err
		}
		i, ok := at[strconv.FormatInt(*a.ID, 10)]
		if !ok {
			return wrong(file, record, "question_id", "has %d, which no question has", *a.ID)
		}
		item := &s.Items[i]
		switch {
		case item.Answers != nil:
			return wrong(file, record, "question_id", "has %d, which an annotation before it has too", *a.ID)
		case a.Picture != nil && *a.Picture != pictures[i]:
			return wrong(file, record, "image_id", "has %d, but question %s is about %d", *a.Picture, item.ID, pictures[i])
		}
		item.AnswerType, item.QuestionType = held.once(*a.AnswerType), held.once(*a.QuestionType)
		item.Answers, err = held.of(a.Answers, file, fmt.Sprintf("%s (question_id %d)", record, *a.ID))
		return err
	}))
	if err != nil {
		return err
	}
	for _, item := range s.Items {
		if item.Answers == nil {
			return wrong(file, "", "", "has no annotation of question_id %s", item.ID)
		}
	}
	return nil
}

// readTextVQA reads TextVQA_0.5.1_SPLIT.json. Pictures IMAGE_ID.jpg are beside it, or in train_images (of train and val) or test_images.
func readTextVQA(s *Set, sum *sums) error {
	file, err := s.oneFile("val", []string{"val", "train", "test"}, func(split string) string { return "TextVQA_0.5.1_" + split + ".json" })
	if err != nil {
		return err
	}
	s.Name = "TextVQA"
	folders := []string{"", "train_images", "train_val_images/train_images"}
	if s.Split == "test" {
		folders = []string{"", "test_images"}
	}
	j, err := openJSON(s, file, sum)
	if err != nil {
		return err
	}
	seen, held, folder := map[string]string{}, words{}, ""
	return j.close(j.listIn("data", func(record string) error {
		var q struct {
			ID       *int64   `json:"question_id"`
			Picture  *string  `json:"image_id"`
			Question *string  `json:"question"`
			Answers  []string `json:"answers"`
		}
		if err := j.decode(record, &q); err != nil {
			return err
		}
		if err := missing(file, record, "question_id", q.ID == nil, "image_id", q.Picture == nil, "question", q.Question == nil, "answers", q.Answers == nil && s.Split != "test"); err != nil {
			return err
		}
		if q.Answers != nil && len(q.Answers) != people {
			return wrong(file, fmt.Sprintf("%s (question_id %d)", record, *q.ID), "answers", "has %d, expected %d", len(q.Answers), people)
		}
		for i, a := range q.Answers {
			q.Answers[i] = held.once(a)
		}
		name := *q.Picture + ".jpg"
		if folder == "" {
			folder = pictureFolder(s.Path, name, folders...)
		}
		path, err := below(folder, name)
		if err != nil {
			return wrong(file, record, "image_id", "%w", err)
		}
		return s.add(Item{
			ID: strconv.FormatInt(*q.ID, 10), Picture: fileOf(name, path), Question: *q.Question, Answers: q.Answers, Balanced: true,
		}, file, record, seen)
	}))
}

// readVizWiz reads SPLIT.json, in the folder or in its Annotations. Pictures are beside it or in the folder SPLIT. An item's ID is the
// name of its picture.
func readVizWiz(s *Set, sum *sums) error {
	file, err := s.oneFile("val", []string{"val", "train", "test"}, func(split string) string { return split + ".json" }, "", "Annotations", "annotations")
	if err != nil {
		return err
	}
	s.Name = "VizWiz"
	j, err := openJSON(s, file, sum)
	if err != nil {
		return err
	}
	seen, held, folder := map[string]string{}, words{}, ""
	return j.close(j.list("", func(record string) error {
		var q struct {
			Picture    *string        `json:"image"`
			Question   *string        `json:"question"`
			Answers    []personAnswer `json:"answers"`
			AnswerType string         `json:"answer_type"`
			Answerable *int           `json:"answerable"`
		}
		if err := j.decode(record, &q); err != nil {
			return err
		}
		published := s.Split != "test"
		err := missing(file, record, "image", q.Picture == nil, "question", q.Question == nil, "answers", published && q.Answers == nil, "answerable", published && q.Answerable == nil)
		if err != nil {
			return err
		}
		item := Item{ID: *q.Picture, Question: *q.Question, AnswerType: held.once(q.AnswerType), Balanced: true}
		if q.Answers != nil {
			if item.Answers, err = held.of(q.Answers, file, fmt.Sprintf("%s (image %s)", record, *q.Picture)); err != nil {
				return err
			}
		}
		if q.Answerable != nil {
			if *q.Answerable != 0 && *q.Answerable != 1 {
				return wrong(file, record, "answerable", "has %d, expected 0 or 1", *q.Answerable)
			}
			unanswerable := *q.Answerable == 0
			item.Unanswerable = &unanswerable
		}
		if folder == "" {
			folder = pictureFolder(s.Path, *q.Picture, "", s.Split)
		}
		path, err := below(folder, *q.Picture)
		if err != nil {
			return wrong(file, record, "image", "%w", err)
		}
		item.Picture = fileOf(*q.Picture, path)
		return s.add(item, file, record, seen)
	}))
}

// oneFile settles the split, of those that are known, and finds its file in one of the folders below the set's.
func (s *Set) oneFile(usual string, known []string, name func(split string) string, folders ...string) (string, error) {
	if s.Split == "" {
		s.Split = usual
	}
	if !slices.Contains(known, s.Split) {
		return "", unknownSplit(s, known)
	}
	if folders == nil {
		folders = []string{""}
	}
	var there []string
	for _, split := range known {
		for _, folder := range folders {
			path := filepath.Join(s.Path, folder, name(split))
			if !isFile(path) {
				continue
			}
			if split == s.Split {
				return path, nil
			}
			there = append(there, split)
			break
		}
	}
	return "", noSplit(s, name(s.Split), there)
}

// missing is an error about the first field, of pairs of a name and whether it is missing.
func missing(file, record string, pairs ...any) error {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1].(bool) {
			return wrong(file, record, pairs[i].(string), "is missing")
		}
	}
	return nil
}
