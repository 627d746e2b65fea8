package commands

import (
	"context"
	"fmt"
	"time"

	"florin/domain/id"
	"florin/domain/risk"
	"florin/domain/riskpolicy"
	"florin/eventbus"
	"florin/schemas"
)

// PolicyVersion is a version of the risk policy that is or was in force.
type PolicyVersion struct {
	Digest   string      `json:"digest"`
	Name     string      `json:"name"`
	Status   string      `json:"status"` // live, shadow, replaced or retired
	Reason   string      `json:"reason"` // of the last change
	Proposer id.Operator `json:"proposed_by,omitzero"`
	Approver id.Operator `json:"approved_by,omitzero"`
	Since    time.Time   `json:"since"` // of the status
}

// PoliciesInForce lists those that are or were in force, by what the log says, in the
// order in which they first were.
func PoliciesInForce(ctx context.Context, log eventbus.Log, treaty *schemas.Treaty) (all []PolicyVersion, err error) {
	at := map[string]int{}
	for recorded, err := range log.ReadStream(ctx, eventbus.Stream(riskpolicy.Stream().Stream()), 0) {
		if err != nil {
			return nil, fmt.Errorf("commands: the risk policies in force: %w", err)
		}
		event, err := treaty.RiskPolicies.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if err != nil {
			return nil, err
		}
		switch e := event.(type) {
		case riskpolicy.Activated:
			if before, known := at[e.Replaced]; known {
				all[before].Status, all[before].Since = "replaced", e.At
			}
			if _, known := at[e.Digest]; !known {
				at[e.Digest] = len(all)
				all = append(all, PolicyVersion{})
			}
			all[at[e.Digest]] = PolicyVersion{e.Digest, e.Name, e.Role, e.Reason, e.Proposer, e.Approver, e.At}
		case riskpolicy.Retired:
			if before, known := at[e.Digest]; known {
				all[before] = PolicyVersion{e.Digest, all[before].Name, "retired", e.Reason, e.Proposer, e.Approver, e.At}
			}
		}
	}
	return all, nil
}

// PolicyInLog puts a version to work from its text in the log. riskpolicy.ErrUnknown.
func PolicyInLog(ctx context.Context, log eventbus.Log, treaty *schemas.Treaty, digest string) (*risk.Engine, error) {
	for recorded, err := range log.ReadStream(ctx, eventbus.Stream(riskpolicy.VersionOf(digest).Stream()), 0) {
		if err != nil {
			return nil, fmt.Errorf("commands: the risk policy %s: %w", digest, err)
		}
		_, engine, err := submitted(treaty, recorded)
		return engine, err
	}
	return nil, riskpolicy.ErrUnknown
}

// submitted reads a version out of the fact that the bank knows it.
func submitted(treaty *schemas.Treaty, recorded eventbus.Recorded) (digest string, engine *risk.Engine, err error) {
	event, err := treaty.RiskVersions.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
	if err != nil {
		return "", nil, err
	}
	e, is := event.(riskpolicy.Submitted)
	if !is {
		return "", nil, riskpolicy.ErrUnknown
	}
	engine, read, err := schemas.ReadPolicy([]byte(e.Text))
	if err != nil || read != e.Digest {
		return e.Digest, nil, fmt.Errorf("the risk policy %s in the log cannot be put to work by this program (it reads as %q): %w", e.Digest, read, err)
	}
	return read, engine, nil
}
