package dataset

// ScenesFile is the file of a folder of scenes that has all of its questions, a SceneQuestion in JSON to a line.
const ScenesFile = "questions.jsonl"

// SceneQuestion is a line of questions.jsonl in a folder of scenes. A field without omitempty has to be there. Either Answers or Options
// are, and not both. Readers refuse fields of other names.
//
// Where a folder has no questions.jsonl, it is read as V*'s: each folder in it is a category of pictures NAME.png (or another suffix of a
// picture), each beside a SceneFile called NAME.json. Where it has both, questions.jsonl alone is read, so that scenes with free answers
// and several questions to a picture can lie in folders that readers of V* understand too.
type SceneQuestion struct {
	ID         string   `json:"id"`                    // of which no two lines have the same, such as "sign/0003"
	Image      string   `json:"image"`                 // path of the picture below the folder, with slashes, such as "sign/0003.png"
	Question   string   `json:"question"`              // without a prompt's instructions
	Answers    []string `json:"answers,omitempty"`     // to a free question: any of them is right
	Options    []string `json:"options,omitempty"`     // at least two, all different; the first is right, as V*'s
	Category   string   `json:"category,omitempty"`    // that tables are made by
	AnswerType string   `json:"answer_type,omitempty"` // too, such as "yes/no", "number" or "other"
	Boxes      [][4]int `json:"boxes,omitempty"`       // x0, y0, x1, y1 in pixels, x1 and y1 exclusive: what is asked about
}

// SceneFile is the JSON beside a picture, as V* has it.
type SceneFile struct {
	TargetObject []string `json:"target_object"` // names of what is asked about
	BBox         [][4]int `json:"bbox"`          // x, y, width, height in pixels, one to a target
	Question     string   `json:"question"`
	Options      []string `json:"options,omitempty"` // the first is right
	Answers      []string `json:"answers,omitempty"` // not in V*: to a free question, any of which is right
}
