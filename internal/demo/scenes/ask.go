package scenes

import (
	"image"
	"slices"
	"strings"

	"github.com/mcllava/mcllava/internal/dataset"
	"github.com/mcllava/mcllava/internal/demo/draw"
)

// asked is a question with the answers to choose from, the right one first.
type asked struct {
	draw.Answer
	options []string
	targets []string
	boxes   []image.Rectangle
}

// choices is how many answers a question about a sign or a colour has to choose from.
const choices = 4

// ask is the question with options, and false where the picture is not fit for one.
func (p *plan) ask(picture *draw.Picture) (asked, bool) {
	if p.things {
		switch {
		case p.part == DirectAttributes && p.number%3 == 2:
			return p.askThing(picture)
		case p.part == RelativePosition && p.number%2 == 1:
			return p.askBeside(picture)
		}
	}
	street, sign := picture.Street, &picture.Signs[0]
	switch p.part {
	case RelativePosition:
		return besides("car", street.CarBox, "sign", sign.Box, sideOf(street, sign, picture.Image().Bounds().Dx())), true
	case DirectAttributes:
		if p.number%2 == 0 {
			return p.choose(picture, "car", draw.Colours(), street.Car, "car", street.CarBox), true
		}
		return p.choose(picture, "awning", draw.Colours(), street.Awning, "awning", street.AwningBox), true
	}
	return p.choose(picture, []string{"shop", "sign"}[p.number%2], draw.SceneShops(), sign.Shop, "sign", sign.Box), true
}

// about is the question of a kind about a scene's picture, and what is right.
func about(picture *draw.Picture, kind string) draw.Answer {
	all := draw.SceneQuestions(picture)
	return all[slices.IndexFunc(all, func(a draw.Answer) bool { return a.Kind == kind })]
}

// choose is a question of a kind whose wrong answers are those that would be right of pictures with another value: a shop or a colour.
func (p *plan) choose(picture *draw.Picture, kind string, values []string, right, target string, box image.Rectangle) asked {
	a := asked{Answer: about(picture, kind), targets: []string{target}, boxes: []image.Rectangle{box}}
	a.options = []string{a.Answer.Answer}
	for _, other := range p.others(values, right) {
		a.options = append(a.options, about(&draw.Picture{
			Street: &draw.Street{Awning: other, Car: other},
			Signs:  []draw.Sign{{Text: strings.ToUpper(other), Shop: other}},
		}, kind).Answer)
	}
	return a
}

// others are the values of the wrong answers.
func (p *plan) others(values []string, right string) []string {
	others := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == right })
	p.dice.Shuffle(len(others), func(i, k int) { others[i], others[k] = others[k], others[i] })
	return others[:choices-1]
}

// seen are the questions about a picture of which the answers can be seen in 100 crops and not in the whole picture.
func seen(picture *draw.Picture, kind, noun string) (draw.Answer, bool) {
	size := picture.Image().Bounds().Size()
	fine, err := view(size, fineCrops)
	if err != nil || draw.Visible(picture.Things[0], fine[:1], side) != draw.No {
		return draw.Answer{}, false
	}
	all := draw.Answers(picture, fine, side)
	i := slices.IndexFunc(all, func(a draw.Answer) bool { return a.Kind == kind && a.A == noun })
	if i < 0 {
		return draw.Answer{}, false
	}
	return all[i], true
}

func (p *plan) askThing(picture *draw.Picture) (asked, bool) {
	thing := picture.Things[0]
	answer, ok := seen(picture, "thing", thing.Kind)
	a := asked{Answer: answer, options: []string{answer.Answer}, targets: []string{thing.Kind}, boxes: []image.Rectangle{thing.Box}}
	for _, other := range p.others(draw.Colours(), thing.Colour) {
		a.options = append(a.options, strings.Replace(answer.Answer, " "+thing.Colour+".", " "+other+".", 1))
	}
	return a, ok
}

func (p *plan) askBeside(picture *draw.Picture) (asked, bool) {
	thing, sign := picture.Things[0], &picture.Signs[0]
	_, ok := seen(picture, "beside", thing.Kind)
	x, _ := sign.Middle()
	where := draw.Side(thing.X, x, float64(picture.Image().Bounds().Dx()))
	return besides(thing.Kind, thing.Box, "sign", sign.Box, where), ok && where == p.wanted()
}

// besides asks on which side of b a is.
func besides(a string, boxA image.Rectangle, b string, boxB image.Rectangle, where string) asked {
	answer := func(where string) string { return "The " + a + " is " + where + " of the " + b + "." }
	options := []string{answer("left"), answer("right")}
	if where == "right" {
		slices.Reverse(options)
	}
	return asked{
		Answer:  draw.Answer{Kind: "beside", Question: "is the " + a + " left or right of the " + b + "?", Answer: options[0], A: a, B: b},
		options: options, targets: []string{a, b}, boxes: []image.Rectangle{boxA, boxB},
	}
}

// wanted is on which side of the sign what is asked about is to be: sides take turns.
func (p *plan) wanted() string { return []string{"left", "right"}[p.number/2%2] }

// sideOf is on which side of the sign the car stands; "" where that is hard to tell.
func sideOf(street *draw.Street, sign *draw.Sign, width int) string {
	car := float64(street.CarBox.Min.X+street.CarBox.Max.X) / 2
	board, _ := sign.Middle()
	return draw.Side(car, board, float64(width))
}

// fill sets what is asked about the scene: a question with options, the same with a free answer where it is about a sign, and one of which
// the answer is seen in the whole picture.
func (s *Scene) fill(a asked, whole string) {
	s.Truth = dataset.SceneFile{TargetObject: a.targets, Question: a.Question, Options: a.options}
	q := dataset.SceneQuestion{ID: s.ID(), Image: s.Image(), Question: a.Question, Options: a.options, Category: s.Part}
	for _, b := range a.boxes {
		s.Truth.BBox = append(s.Truth.BBox, [4]int{b.Min.X, b.Min.Y, b.Dx(), b.Dy()})
		q.Boxes = append(q.Boxes, corners(b))
	}
	s.Questions = []dataset.SceneQuestion{q}
	if free, ok := map[string]string{OCR: Sign, Hard: HardSign}[s.Part]; ok {
		s.Questions = append(s.Questions, dataset.SceneQuestion{
			ID: s.ID() + "/" + free, Image: s.Image(), Question: a.Question, Answers: []string{a.Answer.Answer}, Category: free, Boxes: q.Boxes,
		})
	}
	w := about(s.Picture, whole)
	q = dataset.SceneQuestion{ID: s.ID() + "/" + Whole, Image: s.Image(), Question: w.Question, Answers: []string{w.Answer}, Category: Whole, AnswerType: whole}
	switch whole {
	case "car":
		q.Boxes = [][4]int{corners(s.Picture.Street.CarBox)}
	case "awning":
		q.Boxes = [][4]int{corners(s.Picture.Street.AwningBox)}
	}
	s.Questions = append(s.Questions, q)
}

// corners are x0, y0, x1, y1.
func corners(b image.Rectangle) [4]int { return [4]int{b.Min.X, b.Min.Y, b.Max.X, b.Max.Y} }
