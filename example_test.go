package mcllava_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/mcllava/mcllava"
)

func ExampleModel_Ask() {
	model, err := mcllava.Open(mcllava.Demo, 0)
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	picture, err := os.ReadFile("testdata/street.png")
	if err != nil {
		log.Fatal(err)
	}
	answer, err := model.Ask(context.Background(), picture, "what shop is this", mcllava.Defaults())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Text)
	// Output: It is a yoga studio.
}
