package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"florin/domain/risk"
	"florin/domain/riskpolicy"
	"florin/schemas"
)

// Judge is a version of the risk policy at work. Its digest goes beside every decision
// of its, so that the decision can be made again.
type Judge struct {
	Digest string
	Engine *risk.Engine
}

// Judges are what an attempt is judged by at one place of the log. They are never
// changed: whoever holds them may go on while others come into force.
type Judges struct {
	Live    Judge
	Shadows []Judge

	of riskpolicy.State
}

// judges are those in force where a command is decided, which still holds when it is
// committed: a command that is decided after an activation is judged by what was
// activated, in this process or another. A policy is read once, when it has come into
// force; before the first one (a bank whose first start is still to come) the founding one
// judges.
//
// An error that is risk.ErrPolicy says that this program, older than the one that
// activated it, cannot put the live policy to work: then nobody judges, and the attempt
// is to be stepped up. Any other ends the command.
//
//	judges, err := b.judges(w)
//	decision := judges.Live.Engine.Decide(action, &vector) // judges.Live.Digest goes beside it
func (b *Bank) judges(w *work) (*Judges, error) {
	state, err := b.riskPolicies.load(w, riskpolicy.Stream())
	if err != nil {
		return nil, err
	}
	return b.judgesOf(w.ctx, state)
}

// Judges are those in force by now, for whoever only looks.
func (b *Bank) Judges(ctx context.Context) (*Judges, error) {
	state, err := b.riskPolicies.look(ctx, riskpolicy.Stream())
	if err != nil {
		return nil, err
	}
	return b.judgesOf(ctx, state)
}

func (b *Bank) judgesOf(ctx context.Context, state riskpolicy.State) (*Judges, error) {
	now := b.judging.Load()
	if now != nil && now.of.Live == state.Live && slices.Equal(now.of.Shadows, state.Shadows) {
		return now, nil
	}
	next := &Judges{of: state}
	var err error
	if next.Live, err = b.judgeOf(ctx, now, state.Live); err != nil {
		return nil, err
	}
	for _, digest := range state.Shadows {
		shadow, err := b.judgeOf(ctx, now, digest)
		if errors.Is(err, risk.ErrPolicy) { // of a newer program: nothing hangs on a shadow's word
			continue
		}
		if err != nil {
			return nil, err
		}
		next.Shadows = append(next.Shadows, shadow)
	}
	b.judging.Store(next)
	return next, nil
}

// judgeOf takes over one that was at work before, so that none is read twice.
func (b *Bank) judgeOf(ctx context.Context, before *Judges, digest string) (Judge, error) {
	if before != nil && digest != "" {
		for _, judge := range append(slices.Clip(before.Shadows), before.Live) {
			if judge.Digest == digest {
				return judge, nil
			}
		}
	}
	return b.Judge(ctx, digest)
}

// Judge is the version with a digest, from the log, for making an earlier decision
// again; "" and its own are the founding one. riskpolicy.ErrUnknown.
func (b *Bank) Judge(ctx context.Context, digest string) (Judge, error) {
	if digest == "" || digest == b.founding.policy {
		return Judge{Digest: b.founding.policy, Engine: b.founding.engine}, nil
	}
	version, err := b.riskVersions.look(ctx, riskpolicy.VersionOf(digest))
	if err != nil {
		return Judge{}, err
	}
	if version.Digest == "" {
		return Judge{}, riskpolicy.ErrUnknown
	}
	engine, read, err := schemas.ReadPolicy([]byte(version.Text))
	if err != nil || read != digest {
		return Judge{}, fmt.Errorf("commands: the risk policy %s in the log cannot be put to work by this program (it reads as %q): %w", digest, read, err)
	}
	return Judge{Digest: read, Engine: engine}, nil
}
