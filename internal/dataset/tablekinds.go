package dataset

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// idColumns are those that tell rows apart, the first of which counts.
var idColumns = []string{"index", "id", "question_id", "questionId"}

// knownColumn says whether a column of VLMEvalKit's tables is read from parquet. Of a TSV all are.
func knownColumn(name string) bool {
	return len(name) == 1 && name >= "A" && name <= "Z" || slices.Contains(idColumns, name) || slices.Contains(optionLists, name) ||
		slices.Contains([]string{"question", "answer", "category", "l2-category", "cycle_category", "hint", "answer_type", "image_path"}, name)
}

func columnsOf(names ...string) func(string) bool {
	return func(column string) bool { return slices.Contains(names, column) }
}

// readHRBench reads hr_bench_4k or hr_bench_8k, as TSV or parquet. The splits are 4k and 8k.
func readHRBench(s *Set, sum *sums) error {
	splits, err := tableSplits(s.Path)
	if err != nil {
		return err
	}
	wanted := strings.ToLower(s.Split)
	if wanted != "" && wanted != "4k" && wanted != "8k" {
		return unknownSplit(s, []string{"4k", "8k"})
	}
	if wanted == "" && len(splits) > 1 {
		wanted = "4k"
	}
	tables, err := s.tables(sum, splits, func(name string) bool { return wanted != "" && strings.Contains(strings.ToLower(name), wanted) }, knownColumn)
	if err != nil {
		return err
	}
	file := strings.ToLower(s.Split)
	s.Name, s.Split = "HR-Bench", ""
	for _, size := range []string{"4k", "8k"} {
		if strings.Contains(file, size) {
			s.Name, s.Split = "HR-Bench "+strings.ToUpper(size), size
		}
	}
	for _, b := range tables {
		if err := b.need("index", "question", "answer", "category", "cycle_category", "A", "B"); err != nil {
			return err
		}
	}
	if err := s.lettered(tables); err != nil {
		return err
	}
	return s.group(tables)
}

// group finds the rotations of a question: rows with the same text, options and right option, which have another cycle_category each.
// Where a cycle has several such rows, which are about other pictures, the first belongs to the first of other cycles, and so on.
func (s *Set) group(tables []*table) error {
	times := map[string]int{}
	first := map[string]string{}
	i := 0
	for _, b := range tables {
		for row := range b.rows {
			item := &s.Items[i]
			i++
			cycle := b.text(row, "cycle_category")
			if cycle == "" {
				return wrong(b.file, b.record(row), "cycle_category", "is empty")
			}
			options := slices.Clone(item.Options)
			slices.Sort(options)
			right := ""
			if item.Right >= 0 {
				right = item.Options[item.Right]
			}
			key := fmt.Sprintf("%q %q %q %q", item.Category, item.Question, options, right)
			times[key+cycle]++
			key += strconv.Itoa(times[key+cycle])
			if first[key] == "" {
				first[key] = item.ID
			}
			item.Group = first[key]
		}
	}
	return nil
}

// readTable reads a TSV of VLMEvalKit's columns, or a parquet file of the same: index, image or image_path, question, answer, A…Z,
// category, l2-category, hint. A hint stands before the question, as "Hint: …" on a line of its own. In the place of A…Z there may be a
// list called options, choices or multi-choice options. In the place of index there may be id, question_id or questionId; without any, an
// item's ID is its place from 0.
func readTable(s *Set, sum *sums) error {
	splits, err := tableSplits(s.Path)
	if err != nil {
		return err
	}
	wanted := s.Split
	tables, err := s.tables(sum, splits, func(name string) bool { return wanted != "" && name == wanted }, knownColumn)
	if err != nil {
		return err
	}
	s.Name = s.Split
	for _, b := range tables {
		if err := b.need("question"); err != nil {
			return err
		}
	}
	return s.lettered(tables)
}

// readMME reads MME-RealWorld or its Lite, whose options may be lines "(A) …" in the column multi-choice options.
func readMME(s *Set, sum *sums) error {
	if err := readTable(s, sum); err != nil {
		return err
	}
	s.Name = "MME-RealWorld"
	if strings.Contains(strings.ToLower(s.Split+s.Path), "lite") {
		s.Name += "-Lite"
	}
	for _, b := range s.tablesRead {
		if err := b.need("index", "answer", "category", "l2-category"); err != nil {
			return err
		}
	}
	for i, item := range s.Items {
		if item.Options == nil {
			return wrong(s.tablesRead[0].file, fmt.Sprintf("item %d (index %s)", i+1, item.ID), "multi-choice options", "is missing")
		}
	}
	return nil
}

// optionLists are columns of lists of options.
var optionLists = []string{"multi-choice options", "options", "choices"}

// lettered reads the rows of tables with VLMEvalKit's columns.
func (s *Set) lettered(tables []*table) error {
	seen := map[string]string{}
	for _, b := range tables {
		published := false
		id := ""
		if i := slices.IndexFunc(idColumns, b.has); i >= 0 {
			id = idColumns[i]
		}
		for row := range b.rows {
			published = published || len(b.list(row, "answer")) > 0
		}
		for row := range b.rows {
			record := b.record(row)
			item := Item{
				ID: strconv.Itoa(len(s.Items)), Question: b.text(row, "question"), Category: b.text(row, "category"), QuestionType: b.text(row, "l2-category"),
				AnswerType: b.text(row, "answer_type"), Balanced: true,
			}
			if id != "" {
				if item.ID = b.text(row, id); item.ID == "" {
					return wrong(b.file, record, id, "is empty")
				}
				record += " (" + id + " " + item.ID + ")"
			}
			if item.Question == "" {
				return wrong(b.file, record, "question", "is empty")
			}
			if hint := b.text(row, "hint"); hint != "" {
				item.Question = "Hint: " + hint + "\n" + item.Question
			}
			var err error
			if item.Picture, err = b.picture(row); err != nil {
				return err
			}
			item.Options, item.Letters = b.options(row)
			if err := item.answer(b, row, record, published); err != nil {
				return err
			}
			if err := s.add(item, b.file, record, seen); err != nil {
				return err
			}
		}
	}
	return nil
}

// inParentheses is an option that begins with its letter.
var inParentheses = regexp.MustCompile(`^\s*[(]?([A-Z])[).:]\s*(.*?)\s*$`)

// options are those of a row, from the columns A…Z that have some text, or from a list.
func (b *table) options(row int) (options, letters []string) {
	for c := 'A'; c <= 'Z'; c++ {
		if text := b.text(row, string(c)); text != "" {
			options, letters = append(options, text), append(letters, string(c))
		}
	}
	if options != nil {
		return options, letters
	}
	for _, column := range optionLists {
		list := b.list(row, column)
		if list == nil || len(list) > 26 {
			continue
		}
		inOrder := true
		for i, option := range list {
			m := inParentheses.FindStringSubmatch(option)
			inOrder = inOrder && m != nil && m[1] == letter(i)
		}
		for i, option := range list {
			if inOrder {
				option = inParentheses.FindStringSubmatch(option)[2]
			}
			options, letters = append(options, strings.TrimSpace(option)), append(letters, letter(i))
		}
		return options, letters
	}
	return nil, nil
}

// answer fills in what is right. published says whether the table has answers at all.
func (item *Item) answer(b *table, row int, record string, published bool) error {
	item.Right = -1
	answers := b.list(row, "answer")
	switch {
	case len(item.Options) == 1:
		return wrong(b.file, record, "options", "has one, expected at least 2")
	case !published:
		return nil
	case len(answers) == 0:
		return wrong(b.file, record, "answer", "is empty")
	case item.Options == nil:
		item.Answers = answers
		return nil
	}
	right := strings.Trim(strings.TrimSpace(answers[0]), "().")
	if len(answers) > 1 {
		return wrong(b.file, record, "answer", "has %d, expected one letter", len(answers))
	}
	if item.Right = slices.Index(item.Letters, right); item.Right < 0 {
		return wrong(b.file, record, "answer", "has %q, expected one of %s", answers[0], listed(item.Letters))
	}
	return nil
}

// huggingFace reads the split of a set in shards called validation-00000-of-00006.parquet and the like. usual is the split that results
// are reported on. Each item is made by itemOf, from a row and how it is called in errors.
func (s *Set) huggingFace(sum *sums, usual string, folders, columns, needed []string, itemOf func(b *table, row int, record string) (Item, error)) error {
	splits, err := tableSplits(s.Path, folders...)
	if err != nil {
		return err
	}
	wanted := s.Split
	if wanted == "" && (len(splits) != 1 || isFolder(s.Path)) {
		wanted = usual
		s.Split = usual
	}
	tables, err := s.tables(sum, splits, func(name string) bool {
		return wanted != "" && (name == wanted || splitName(name) == splitName(wanted))
	}, columnsOf(columns...))
	if err != nil {
		return err
	}
	s.Split = splitName(s.Split)
	seen := map[string]string{}
	for _, b := range tables {
		if err := b.need(needed...); err != nil {
			return err
		}
		for row := range b.rows {
			record := b.record(row)
			item, err := itemOf(b, row, record)
			if err != nil {
				return err
			}
			if item.Picture, err = b.picture(row); err != nil {
				return err
			}
			item.Balanced = true
			if err := s.add(item, b.file, record, seen); err != nil {
				return err
			}
		}
	}
	return nil
}

// splitName is the usual name of a split.
func splitName(name string) string {
	if name == "validation" {
		return "val"
	}
	return name
}

// readDocVQA and readInfoVQA read lmms-lab's parquet: questionId, question, answers (which the split test has none of), image, and what
// tables are made by: question_types of DocVQA; answer_type and operation/reasoning of InfographicVQA. Several are joined by commas.
func readDocVQA(s *Set, sum *sums) error {
	s.Name = "DocVQA"
	return s.documents(sum, "DocVQA", "question_types", "")
}

func readInfoVQA(s *Set, sum *sums) error {
	s.Name = "InfographicVQA"
	return s.documents(sum, "InfographicVQA", "operation/reasoning", "answer_type")
}

func (s *Set) documents(sum *sums, folder, questionType, answerType string) error {
	columns := []string{"questionId", "question", "answers", questionType, answerType}
	return s.huggingFace(sum, "val", []string{folder}, columns, []string{"questionId", "question"}, func(b *table, row int, record string) (Item, error) {
		item := Item{
			ID: b.text(row, "questionId"), Question: b.text(row, "question"), Answers: b.list(row, "answers"),
			QuestionType: strings.Join(b.list(row, questionType), ", "), AnswerType: strings.Join(b.list(row, answerType), ", "),
		}
		switch {
		case item.ID == "":
			return Item{}, wrong(b.file, record, "questionId", "is empty")
		case len(item.Answers) > 0:
		case s.Split == "test":
			item.Answers = nil
		case !b.has("answers"):
			return Item{}, b.need("answers")
		default:
			return Item{}, wrong(b.file, record, "answers", "is empty")
		}
		return item, nil
	})
}

// readChartQA reads lmms-lab's parquet: question, answer, type, image. As it has no IDs, an item's is its place from 0.
func readChartQA(s *Set, sum *sums) error {
	s.Name = "ChartQA"
	columns := []string{"question", "answer", "type"}
	n := 0
	return s.huggingFace(sum, "test", nil, columns, columns, func(b *table, row int, record string) (Item, error) {
		answer := b.cell(row, "answer")
		if answer.null || answer.text == "" {
			return Item{}, wrong(b.file, record, "answer", "is empty")
		}
		n++
		return Item{ID: strconv.Itoa(n - 1), Question: b.text(row, "question"), Answers: []string{answer.text}, Category: b.text(row, "type")}, nil
	})
}
