package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"pingyi/survey"
)

// session is what is remembered of a conversation beside the answers: which request is on the screen,
// in which message, and what typed words would mean. It can be lost at any time; what follows from
// it is rebuilt from the database.
type session struct {
	Request  int64           `json:"request,omitempty"` // 0 with a position: trying a questionnaire
	Round    int64           `json:"round,omitempty"`
	Message  int             `json:"message,omitempty"` // the message that shows it
	Position survey.Position `json:"position,omitzero"`
	Seen     string          `json:"seen,omitempty"`     // what stood there when typed words were asked for, see standing
	Consent  string          `json:"consent,omitempty"`  // tag of the notice agreed to while joining
	Language survey.Lang     `json:"language,omitempty"` // chosen by a stranger
	Trial    *trial          `json:"trial,omitempty"`
}

// trial is a questionnaire being tried: its answers live here only.
type trial struct {
	Questionnaire int64             `json:"questionnaire"`
	Answers       map[string]string `json:"answers,omitempty"` // by "assignment.item"
	Comments      map[string]string `json:"comments,omitempty"`
}

// standing is a digest of the answer and the comment that stand at a step. Where it differs from what was
// seen when typed words were asked for, the session is out of date, and the words belong elsewhere.
func standing(f *survey.Form, step survey.Step) string {
	value, answered := f.Answers[step]
	sum := sha256.Sum256(fmt.Appendf(nil, "%t\x00%s\x00%s", answered, value, f.Comments[step]))
	return hex.EncodeToString(sum[:6])
}

// recall reads the session. A lost or unreadable one is an empty one: Redis is a shortcut, and its
// faults are not passed on; that it is away is logged once, where it is asked.
func (t *turn) recall(ctx context.Context) session {
	var s session
	raw, ok, err := t.sessions.Get(ctx, t.user)
	switch {
	case err != nil:
		t.log.DebugContext(ctx, "session not read", "update", t.update, "error", scrub(err))
	case ok:
		if err := json.Unmarshal(raw, &s); err != nil {
			t.log.WarnContext(ctx, "session not legible", "update", t.update)
			return session{}
		}
	}
	return s
}

// remember keeps the session.
func (t *turn) remember(ctx context.Context, s session) {
	raw, err := json.Marshal(s)
	if err != nil {
		t.log.ErrorContext(ctx, "session not kept", "update", t.update, "error", scrub(fmt.Errorf("bot: %w", err)))
		return
	}
	t.sessions.Put(t.user, s.Round, raw)
}

// dropSession forgets the conversation.
func (t *turn) dropSession(ctx context.Context) {
	if err := t.sessions.Delete(ctx, t.user); err != nil {
		t.log.DebugContext(ctx, "session not deleted", "update", t.update, "error", scrub(err))
	}
}
