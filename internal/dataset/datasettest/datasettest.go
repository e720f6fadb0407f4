// Package datasettest writes miniatures of the benchmarks that package dataset reads, in the layouts in which they are published: ten
// questions about ten pictures of coloured squares, whose right answers are known.
package datasettest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mcllava/mcllava/internal/dataset"
)

// Width and Height are those of all pictures, in pixels.
const (
	Width  = 320
	Height = 240
)

// Question is one of the ten, by the number of its picture.
type Question struct {
	Text    string
	Answer  string
	Type    string   // of answer, as VQAv2 calls it
	Options []string // four, the first of which is Answer
}

// Questions are the ten.
func Questions() []Question {
	var all []Question
	for i := range 10 {
		colour, count := colourNames[i%len(colourNames)], i%4+1
		switch i % 3 {
		case 0:
			all = append(all, Question{"What colour are the squares?", colour, "other", rotated(colourNames, i)[:4]})
		case 1:
			all = append(all, Question{"How many squares are there?", fmt.Sprint(count), "number", rotated([]string{"1", "2", "3", "4"}, count-1)})
		default:
			all = append(all, Question{"Is a square " + colour + "?", "yes", "yes/no", []string{"yes", "no", "partly", "there is no square"}})
		}
	}
	return all
}

var (
	colourNames = []string{"red", "green", "blue", "yellow", "white"}
	colours     = []color.RGBA{{200, 0, 0, 255}, {0, 150, 0, 255}, {0, 0, 200, 255}, {230, 210, 0, 255}, {255, 255, 255, 255}}
)

func rotated(names []string, by int) []string {
	by %= len(names)
	return append(append([]string{}, names[by:]...), names[:by]...)
}

// Boxes are the squares of a picture.
func Boxes(number int) []image.Rectangle {
	var all []image.Rectangle
	for i := range number%4 + 1 {
		all = append(all, image.Rect(20+75*i, 80, 70+75*i, 130))
	}
	return all
}

// Picture is the picture of a number, 0…9.
func Picture(number int) image.Image {
	p := image.NewRGBA(image.Rect(0, 0, Width, Height))
	draw.Draw(p, p.Bounds(), image.NewUniform(color.Gray{90}), image.Point{}, draw.Src)
	for _, box := range Boxes(number) {
		draw.Draw(p, box, image.NewUniform(colours[number%len(colours)]), image.Point{}, draw.Src)
	}
	return p
}

// Encoded is the picture of a number as JPEG, or as PNG.
func Encoded(t testing.TB, number int, asPNG bool) []byte {
	t.Helper()
	if b, ok := drawn.Load([2]any{number, asPNG}); ok {
		return bytes.Clone(b.([]byte))
	}
	var b bytes.Buffer
	encode := func() error { return jpeg.Encode(&b, Picture(number), nil) }
	if asPNG {
		encode = func() error { return png.Encode(&b, Picture(number)) }
	}
	if err := encode(); err != nil {
		t.Fatal(err)
	}
	drawn.Store([2]any{number, asPNG}, bytes.Clone(b.Bytes()))
	return b.Bytes()
}

// drawn are the bytes of encoded pictures, by number and whether they are PNG.
var drawn sync.Map

// Write writes the miniature of a kind into a folder: the split that Open reads without Options. It has ten items, HR-Bench eight.
func Write(t testing.TB, kind dataset.Kind, dir string) {
	t.Helper()
	write := writers[kind]
	if write == nil {
		t.Fatalf("no miniature of %q", kind)
	}
	write(&folder{t, dir})
}

var writers = map[dataset.Kind]func(*folder){
	dataset.VStar:   vstar,
	dataset.VQAv2:   vqav2,
	dataset.TextVQA: textvqa,
	dataset.VizWiz:  vizwiz,
	dataset.GQA:     gqa,
	dataset.Scenes:  scenes,
}

// folder is where a miniature is written.
type folder struct {
	t   testing.TB
	dir string
}

func (f *folder) file(name string, b []byte) {
	f.t.Helper()
	path := filepath.Join(f.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o666); err != nil {
		f.t.Fatal(err)
	}
}

func (f *folder) json(name string, v any) {
	f.t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		f.t.Fatal(err)
	}
	f.file(name, b)
}

// picture writes a picture in the encoding of the name's suffix.
func (f *folder) picture(name string, number int) {
	f.t.Helper()
	f.file(name, Encoded(f.t, number, filepath.Ext(name) == ".png"))
}

type object = map[string]any

// vstar has three pictures in three folders each, one of which has a dot in its name, and one in the fourth.
func vstar(f *folder) {
	folders := []string{"direct_attributes", "relative_position", "OCR", "GPT4V-hard"}
	for i, q := range Questions() {
		name := fmt.Sprintf("%s/sa_%d", folders[i/3], i)
		suffix := ".jpg"
		if i == 4 {
			name, suffix = name+".2", ".png"
		}
		f.picture(name+suffix, i)
		annotation := object{"question": q.Text, "options": q.Options}
		if i < 9 { // GPT4V-hard has no boxes
			targets, boxes := []string{}, [][4]int{}
			for _, box := range Boxes(i) {
				targets, boxes = append(targets, "square"), append(boxes, [4]int{box.Min.X, box.Min.Y, box.Dx(), box.Dy()})
			}
			annotation["target_object"], annotation["bbox"] = targets, boxes
		}
		f.json(name+".json", annotation)
	}
}

// VStarLines writes V*'s other layout: test_questions.jsonl, whose right option is another one from line to line.
func VStarLines(t testing.TB, dir string) {
	t.Helper()
	f := &folder{t, dir}
	var text strings.Builder
	for i, q := range Questions() {
		name := fmt.Sprintf("direct_attributes/sa_%d.jpg", i)
		f.picture(name, i)
		asked := q.Text
		for n, option := range rotated(q.Options, 4-i%4) {
			asked += fmt.Sprintf("\n(%c) %s", 'A'+n, option)
		}
		line, err := json.Marshal(object{
			"image": name, "text": asked + "\nAnswer with the option's letter from the given choices directly.",
			"category": "direct_attributes", "question_id": i, "label": string(rune('A' + i%4)),
		})
		if err != nil {
			t.Fatal(err)
		}
		text.Write(append(line, '\n'))
	}
	f.file("test_questions.jsonl", []byte(text.String()))
}

// said is what ten people say, two of whom are wrong.
func said(answer string) []string {
	var all []string
	for i := range 10 {
		if i%5 == 4 {
			all = append(all, "purple")
		} else {
			all = append(all, answer)
		}
	}
	return all
}

func vqav2(f *folder) {
	var questions, annotations []object
	for i, q := range Questions() {
		number, id := 100+i, 100000+10*i
		f.picture(fmt.Sprintf("val2014/COCO_val2014_%012d.jpg", number), i)
		questions = append(questions, object{"image_id": number, "question": q.Text, "question_id": id})
		answers := []object{}
		for n, answer := range said(q.Answer) {
			answers = append(answers, object{"answer": answer, "answer_confidence": "yes", "answer_id": n + 1})
		}
		first := strings.ToLower(strings.Join(strings.Fields(q.Text)[:2], " "))
		annotations = append(annotations, object{
			"question_type": first, "multiple_choice_answer": q.Answer, "answers": answers, "image_id": number, "answer_type": q.Type, "question_id": id,
		})
	}
	head := object{"info": object{"version": "2.0"}, "data_type": "mscoco", "data_subtype": "val2014", "license": object{"name": "none"}}
	with := func(key string, list []object) object {
		all := object{key: list}
		for k, v := range head {
			all[k] = v
		}
		return all
	}
	f.json("v2_OpenEnded_mscoco_val2014_questions.json", with("questions", questions))
	f.json("v2_mscoco_val2014_annotations.json", with("annotations", annotations))
}

func textvqa(f *folder) {
	var data []object
	for i, q := range Questions() {
		name := fmt.Sprintf("%016x", 0x3c65dbfe40ed7a+i)
		f.picture("train_images/"+name+".jpg", i)
		data = append(data, object{
			"question": q.Text, "image_id": name, "image_classes": []string{"Poster"}, "image_width": Width, "image_height": Height,
			"question_id": 34602 + i, "question_tokens": strings.Fields(q.Text), "answers": said(q.Answer), "set_name": "val",
		})
	}
	f.json("TextVQA_0.5.1_val.json", object{"dataset_type": "val", "dataset_name": "textvqa", "dataset_version": "0.5.1", "data": data})
}

// vizwiz has two questions that most people cannot answer.
func vizwiz(f *folder) {
	var all []object
	for i, q := range Questions() {
		name := fmt.Sprintf("VizWiz_val_%08d.jpg", i)
		f.picture("val/"+name, i)
		kind, answer, answerable := q.Type, q.Answer, 1
		if i == 3 || i == 7 {
			kind, answer, answerable = "unanswerable", "unanswerable", 0
		}
		answers := []object{}
		for _, a := range said(answer) {
			answers = append(answers, object{"answer_confidence": "yes", "answer": a})
		}
		all = append(all, object{"image": name, "question": q.Text, "answers": answers, "answer_type": kind, "answerable": answerable})
	}
	f.json("val.json", all)
}

// gqa's keys are in no order, each question entails the next of its kind, and the last is not balanced.
func gqa(f *folder) {
	var text strings.Builder
	text.WriteString("{")
	for i, q := range Questions() {
		f.picture(fmt.Sprintf("images/n%d.jpg", 500+i), i)
		structural := map[string]string{"other": "query", "number": "query", "yes/no": "verify"}[q.Type]
		entailed := []string{}
		if i+3 < 10 {
			entailed = append(entailed, gqaID(i+3))
		}
		value, err := json.Marshal(object{
			"semantic": []object{{"operation": "select", "dependencies": []int{}, "argument": "square"}}, "entailed": entailed, "equivalent": []string{gqaID(i)},
			"question": q.Text, "imageId": fmt.Sprintf("n%d", 500+i), "isBalanced": i < 9, "answer": q.Answer, "semanticStr": "select: square",
			"groups": object{"global": nil, "local": "06-square"}, "annotations": object{"answer": object{}, "question": object{}, "fullAnswer": object{}},
			"types": object{"detailed": "attr", "semantic": "attr", "structural": structural}, "fullAnswer": "It is " + q.Answer + ".",
		})
		if err != nil {
			f.t.Fatal(err)
		}
		if i > 0 {
			text.WriteString(", ")
		}
		fmt.Fprintf(&text, "%q: %s", gqaID(i), value)
	}
	f.file("testdev_balanced_questions.json", []byte(text.String()+"}"))
}

func gqaID(i int) string { return fmt.Sprint(20159 + (i*7)%10) }

// scenes has questions of both forms: options at every second.
func scenes(f *folder) {
	var text strings.Builder
	for i, q := range Questions() {
		s := dataset.SceneQuestion{
			ID: fmt.Sprintf("squares/%04d", i), Image: fmt.Sprintf("squares/%04d.png", i), Question: q.Text, Category: "squares", AnswerType: q.Type,
		}
		if i%2 == 0 {
			s.Answers = []string{q.Answer}
		} else {
			s.Options = q.Options
		}
		for _, box := range Boxes(i) {
			s.Boxes = append(s.Boxes, [4]int{box.Min.X, box.Min.Y, box.Max.X, box.Max.Y})
		}
		f.picture(s.Image, i)
		line, err := json.Marshal(s)
		if err != nil {
			f.t.Fatal(err)
		}
		text.Write(append(line, '\n'))
	}
	f.file(dataset.ScenesFile, []byte(text.String()))
}
