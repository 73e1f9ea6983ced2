package bot

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxCallback is how many bytes Telegram carries behind a button.
const maxCallback = 64

// errForged says that callback data was not written by this program, or by another version of it.
var errForged = errors.New("bot: callback data is not ours")

// verb says what a pressed button wants.
type verb string

// The verbs. A button says what to set or where to go, never "toggle" or "next", so that pressing it
// twice, or an old message, does no harm.
const (
	verbOpen     verb = "o" // show a request where the person stands
	verbInvite   verb = "i" // show its invitation
	verbBegin    verb = "b" // agree to the notice shown, and begin
	verbLater    verb = "l"
	verbDecline  verb = "d"
	verbChoose   verb = "c" // a page of the subjects to choose from
	verbPick     verb = "x" // choose a subject, or no longer
	verbChosen   verb = "f" // done choosing
	verbSearch   verb = "y" // type letters of a subject's name
	verbShowAll  verb = "j" // show all subjects again
	verbBefore   verb = "k" // go to the question before this one
	verbDone     verb = "v" // leave a question forward
	verbRevise   verb = "w" // open a question from the review
	verbAnswer   verb = "a"
	verbMend     verb = "g" // answer a question that was opened from the review, and go back there
	verbComment  verb = "m" // ask for a comment
	verbCancel   verb = "q" // type nothing after all
	verbErase    verb = "e" // remove the comment
	verbReview   verb = "r"
	verbSubmit   verb = "s"
	verbChange   verb = "h" // reopen after submitting
	verbTodo     verb = "t"
	verbNothing  verb = "n" // a label, not a button
	verbLanguage verb = "pl"
	verbNotice   verb = "px" // show the notice in another language
	verbConsent  verb = "pn" // agree to the notice and enrol
	verbDistrict verb = "pd"
	verbAge      verb = "pa"
	verbRedeem   verb = "pi" // agree to the notice and use an invite
	verbPhone    verb = "pc" // agree to the notice and share the phone number
	verbKeep     verb = "pk" // change nothing after all
	verbStop     verb = "ps"
	verbBack     verb = "pr" // be asked again after /stop
	verbForget   verb = "pf"
	verbNotMe    verb = "pw"
	verbAskNotMe verb = "pq"

	verbAdmin   verb = "z"
	verbRounds  verb = "zr"
	verbRound   verb = "zo"
	verbAsk     verb = "za" // ask whether a round action is meant
	verbDo      verb = "zd" // do a round action
	verbRanking verb = "zk"
	verbFile    verb = "zc" // the ranking as a file
	verbScore   verb = "zs"
	verbPublish verb = "zp"
	verbScores  verb = "ze" // list of evaluations
	verbTryList verb = "zt"
	verbTry     verb = "zq"
	verbRelinks verb = "zl"
	verbRelink  verb = "zy" // approve or reject
	verbLink    verb = "zg" // the public link
	verbInvites verb = "zi" // invite links as a file
)

// field is one part of callback data behind the verb.
type field byte

const (
	fieldRequest field = iota
	fieldAssignment
	fieldItem
	fieldPick
	fieldSubject
	fieldOn
	fieldPage
	fieldNotice
	fieldToken
	fieldID
	fieldAction
)

// fields lists what stands behind a verb, in order; false for a verb that does not exist.
func (v verb) fields() ([]field, bool) {
	switch v {
	case verbOpen, verbInvite, verbLater, verbDecline, verbChosen, verbSearch, verbShowAll, verbSubmit, verbChange:
		return []field{fieldRequest}, true
	case verbBegin:
		return []field{fieldRequest, fieldNotice}, true
	case verbChoose, verbReview:
		return []field{fieldRequest, fieldPage}, true
	case verbPick:
		return []field{fieldRequest, fieldSubject, fieldOn, fieldPage}, true
	case verbBefore, verbDone, verbRevise, verbComment, verbErase, verbCancel:
		return []field{fieldRequest, fieldAssignment, fieldItem}, true
	case verbAnswer:
		return []field{fieldRequest, fieldAssignment, fieldItem, fieldPick}, true
	case verbMend:
		return []field{fieldRequest, fieldAssignment, fieldItem, fieldPick, fieldPage}, true
	case verbTodo, verbRounds, verbTryList, verbRelinks, verbScores:
		return []field{fieldPage}, true
	case verbNothing, verbKeep, verbStop, verbBack, verbForget, verbNotMe, verbAskNotMe,
		verbAdmin, verbLink, verbInvites:
		return nil, true
	case verbLanguage, verbRound, verbFile, verbScore, verbTry:
		return []field{fieldID}, true
	case verbRanking:
		return []field{fieldID, fieldPage}, true
	case verbRelink:
		return []field{fieldID, fieldOn}, true
	case verbAsk, verbDo, verbPublish:
		return []field{fieldID, fieldAction}, true
	case verbConsent, verbPhone:
		return []field{fieldNotice}, true
	case verbDistrict:
		return []field{fieldNotice, fieldID, fieldPage}, true
	case verbAge:
		return []field{fieldNotice, fieldID, fieldItem}, true
	case verbRedeem:
		return []field{fieldNotice, fieldToken}, true
	case verbNotice:
		return []field{fieldID, fieldToken}, true
	}
	return nil, false
}

// pick is the answer behind a button: an option by its place, a set of options as a mask, or one of
// the two answers that are no option.
type pick struct {
	kind pickKind
	n    int64
}

type pickKind byte

const (
	pickOption pickKind = iota // n is the option's index, or the mask of a set
	pickDontKnow
	pickSkip
)

// press is what a button says. Which fields count is a matter of the verb; the others are zero.
type press struct {
	verb       verb
	request    int64 // 0: trying a questionnaire, nothing is kept
	assignment int64
	item       int
	pick       pick
	subject    int64
	on         bool
	page       int
	notice     string // tag of the notice's version that was on the screen
	token      string
	id         int64
	action     string
}

// answers reports whether the press gives an answer.
func (p press) answers() bool { return p.verb == verbAnswer || p.verb == verbMend }

// onForm reports whether the press is on the message of a request.
func (p press) onForm() bool {
	fields, ok := p.verb.fields()
	return ok && len(fields) > 0 && fields[0] == fieldRequest
}

// String writes the press as callback data. Its length stays within maxCallback for every press that
// parsePress returns; a press with a longer token is a mistake of the caller.
func (p press) String() string {
	fields, _ := p.verb.fields()
	data := append(make([]byte, 0, maxCallback), p.verb...)
	for _, f := range fields {
		data = p.write(append(data, '.'), f)
	}
	return string(data)
}

func (p press) write(data []byte, f field) []byte {
	switch f {
	case fieldRequest:
		return strconv.AppendInt(data, p.request, 36)
	case fieldAssignment:
		return strconv.AppendInt(data, p.assignment, 36)
	case fieldItem:
		return strconv.AppendInt(data, int64(p.item), 36)
	case fieldPick:
		return append(data, p.pick.String()...)
	case fieldSubject:
		return strconv.AppendInt(data, p.subject, 36)
	case fieldOn:
		if p.on {
			return append(data, '1')
		}
		return append(data, '0')
	case fieldPage:
		return strconv.AppendInt(data, int64(p.page), 36)
	case fieldNotice:
		return append(data, p.notice...)
	case fieldToken:
		return append(data, p.token...)
	case fieldID:
		return strconv.AppendInt(data, p.id, 36)
	case fieldAction:
		return append(data, p.action...)
	}
	return data
}

func (k pick) String() string {
	switch k.kind {
	case pickDontKnow:
		return "?"
	case pickSkip:
		return "-"
	}
	return short36(k.n)
}

// parsePress reads callback data. It accepts exactly what String writes and returns errForged for
// anything else; whether the ids exist and belong to the person is not its matter.
func parsePress(data string) (press, error) {
	if len(data) == 0 || len(data) > maxCallback {
		return press{}, errForged
	}
	parts := strings.Split(data, ".")
	p := press{verb: verb(parts[0])}
	fields, ok := p.verb.fields()
	if !ok || len(parts) != len(fields)+1 {
		return press{}, errForged
	}
	for i, f := range fields {
		if err := p.read(f, parts[i+1]); err != nil {
			return press{}, err
		}
	}
	return p, nil
}

func (p *press) read(f field, s string) error {
	switch f {
	case fieldRequest:
		return read36(s, &p.request)
	case fieldAssignment:
		return read36(s, &p.assignment)
	case fieldItem:
		return readInt(s, &p.item)
	case fieldPick:
		return p.pick.read(s)
	case fieldSubject:
		return read36(s, &p.subject)
	case fieldOn:
		p.on = s == "1"
		if s != "0" && s != "1" {
			return errForged
		}
		return nil
	case fieldPage:
		return readInt(s, &p.page)
	case fieldNotice:
		return readWord(s, &p.notice)
	case fieldToken:
		return readWord(s, &p.token)
	case fieldID:
		return read36(s, &p.id)
	case fieldAction:
		return readWord(s, &p.action)
	}
	return fmt.Errorf("bot: field %d of callback data has no reader", f)
}

func (k *pick) read(s string) error {
	switch s {
	case "?":
		k.kind = pickDontKnow
		return nil
	case "-":
		k.kind = pickSkip
		return nil
	}
	return read36(s, &k.n)
}

func short36(n int64) string { return strconv.FormatInt(n, 36) }

// read36 reads a number as short36 writes it: not negative, lower case, no leading zero.
func read36(s string, to *int64) error {
	n, err := strconv.ParseInt(s, 36, 64)
	if err != nil || n < 0 || short36(n) != s {
		return errForged
	}
	*to = n
	return nil
}

// maxPlace bounds pages and places in lists, so that arithmetic on them cannot overflow.
const maxPlace = 1 << 20

func readInt(s string, to *int) error {
	var n int64
	if err := read36(s, &n); err != nil || n > maxPlace {
		return errForged
	}
	*to = int(n)
	return nil
}

func readWord(s string, to *string) error {
	if !isWord(s) {
		return errForged
	}
	*to = s
	return nil
}

// isWord reports whether s has only what may stand in links and callback data: A-Z a-z 0-9 _ -.
func isWord(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	})
}
