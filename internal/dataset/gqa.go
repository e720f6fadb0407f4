package dataset

import "strings"

// gqaSplits are those that questions are published of in one file. Of each there are SPLIT_balanced_questions.json and, called
// SPLIT_all, SPLIT_all_questions.json.
var gqaSplits = []string{"testdev", "val", "train", "test", "challenge", "submission"}

// readGQA reads SPLIT_balanced_questions.json or, for a split that ends in _all, SPLIT_questions.json, in the folder or in its questions.
// Pictures are images/ID.jpg, or beside it. The keys are the IDs, and their order stays.
func readGQA(s *Set, sum *sums) error {
	var known []string
	for _, split := range gqaSplits {
		known = append(known, split, split+"_all")
	}
	file, err := s.oneFile("testdev", known, func(split string) string {
		if strings.HasSuffix(split, "_all") {
			return split + "_questions.json"
		}
		return split + "_balanced_questions.json"
	}, "", "questions")
	if err != nil {
		return err
	}
	s.Name = "GQA"
	j, err := openJSON(s, file, sum)
	if err != nil {
		return err
	}
	split := strings.TrimSuffix(s.Split, "_all")
	published := split == "testdev" || split == "val" || split == "train"
	seen, held, folder := map[string]string{}, words{}, ""
	return j.close(j.object("", func(id string) error {
		record := "question " + id
		var q struct {
			Picture  *string  `json:"imageId"`
			Question *string  `json:"question"`
			Answer   *string  `json:"answer"`
			Balanced *bool    `json:"isBalanced"`
			Entailed []string `json:"entailed"`
			Types    *struct {
				Structural *string `json:"structural"`
				Semantic   string  `json:"semantic"`
			} `json:"types"`
		}
		if err := j.decode(record, &q); err != nil {
			return err
		}
		err := missing(file, record, "imageId", q.Picture == nil, "question", q.Question == nil,
			"answer", published && q.Answer == nil, "isBalanced", published && q.Balanced == nil,
			"types", published && q.Types == nil, "types.structural", q.Types != nil && q.Types.Structural == nil)
		if err != nil {
			return err
		}
		name := *q.Picture + ".jpg"
		if folder == "" {
			folder = pictureFolder(s.Path, name, "images", "")
		}
		path, err := below(folder, name)
		if err != nil {
			return wrong(file, record, "imageId", "%w", err)
		}
		item := Item{ID: id, Picture: fileOf(name, path), Question: *q.Question, Entailed: q.Entailed, Balanced: q.Balanced == nil || *q.Balanced}
		if q.Answer != nil {
			item.Answers = []string{held.once(*q.Answer)}
		}
		if q.Types != nil {
			item.QuestionType, item.Category = held.once(*q.Types.Structural), held.once(q.Types.Semantic)
			item.AnswerType = "binary"
			if *q.Types.Structural == "query" { // as the official script tells them apart
				item.AnswerType = "open"
			}
		}
		return s.add(item, file, record, seen)
	}))
}
