package app

import (
	_ "embed"
	"fmt"
)

// starterName is the design that a new tenant opens on.
const starterName = "Social card"

//go:embed starter.json
var starterJSON []byte

// starter is ours and tested, so it is whole.
func starter() Document {
	doc, err := ParseDocument(starterJSON)
	if err != nil {
		panic(fmt.Sprintf("the starter design: %v", err))
	}
	return doc
}
