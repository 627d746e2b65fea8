package schemas

import (
	_ "embed"
	"fmt"

	"github.com/go-json-experiment/json"
)

// ProblemsJSON is the published list of everything a caller can be refused with
// (RFC 9457): one entry per code, in alphabetical order.
//
//go:embed problems.json
var ProblemsJSON []byte

// Problem is one code: what it means, and what the caller should do.
type Problem struct {
	Code    string `json:"code"`           // stable, kebab-case
	Status  []int  `json:"status"`         // HTTP statuses it comes with
	Title   string `json:"title"`          // summary, the same each time
	Meaning string `json:"meaning"`        // when it is said
	Action  string `json:"action"`         // what the caller should do
	OAuth   bool   `json:"oauth,omitzero"` // said at the OAuth endpoints, as their RFCs say: with underscores for hyphens
}

// Problems reads the list. It refuses members it does not know.
func Problems() ([]Problem, error) {
	var list struct {
		Problems []Problem `json:"problems"`
	}
	if err := json.Unmarshal(ProblemsJSON, &list, plainDecoding); err != nil {
		return nil, fmt.Errorf("schemas: problems.json: %w", err)
	}
	return list.Problems, nil
}
