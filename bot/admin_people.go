package bot

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
	tg "github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"pingyi/storage"
	"pingyi/survey"
)

// Of a QR picture, in pixels: one module, and the quiet zone of four modules that readers need.
const (
	qrModule = 12
	qrQuiet  = 4 * qrModule
)

// link is a link that starts the bot with a payload.
func (b *Bot) link(payload string) string {
	return "https://t.me/" + b.username + "?start=" + payload
}

// publicLink sends the link by which citizens join, as text and as a QR picture to print.
func (t *turn) publicLink(ctx context.Context) error {
	project, err := t.settings(ctx)
	if err != nil {
		return err
	}
	url := t.link(joinPayload)
	picture, err := qrPicture(url)
	if err != nil {
		return err
	}
	caption := lines(t.html("admin.link_text", map[string]any{"Body": t.body(project)}), escape(url))
	if !project.Enrolment.Open {
		caption = lines(caption, t.html("admin.link_closed", nil))
	}
	t.ack(ctx, "")
	err = t.call(ctx, func() error {
		t.floods.goes(t.user)
		_, err := t.client.SendPhoto(ctx, &tg.SendPhotoParams{
			ChatID: t.user, Caption: string(caption), ParseMode: models.ParseModeHTML,
			Photo: &models.InputFileUpload{Filename: "join.png", Data: bytes.NewReader(picture)},
		})
		return err
	})
	t.note(ctx, "sendPhoto", err)
	return nil
}

// qrPicture draws a text as a QR code in PNG, with the quiet zone around it.
func qrPicture(text string) ([]byte, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("bot: QR code: %w", err)
	}
	side := code.Bounds().Dx() * qrModule
	if code, err = barcode.Scale(code, side, side); err != nil {
		return nil, fmt.Errorf("bot: QR code: %w", err)
	}
	canvas := image.NewGray(image.Rect(0, 0, side+2*qrQuiet, side+2*qrQuiet))
	draw.Draw(canvas, canvas.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(canvas, image.Rect(qrQuiet, qrQuiet, qrQuiet+side, qrQuiet+side), code, code.Bounds().Min, draw.Src)
	var out bytes.Buffer
	if err := png.Encode(&out, canvas); err != nil {
		return nil, fmt.Errorf("bot: QR code: %w", err)
	}
	return out.Bytes(), nil
}

// document is a file to be sent.
type document struct {
	name    string
	body    []byte
	caption markup
}

// sendDocument sends a file that may be neither forwarded nor saved elsewhere.
func (t *turn) sendDocument(ctx context.Context, d document) {
	t.ack(ctx, "")
	err := t.call(ctx, func() error {
		t.floods.goes(t.user)
		_, err := t.client.SendDocument(ctx, &tg.SendDocumentParams{
			ChatID: t.user, Caption: string(d.caption), ParseMode: models.ParseModeHTML,
			Document: &models.InputFileUpload{Filename: d.name, Data: bytes.NewReader(d.body)},
		})
		return err
	})
	t.note(ctx, "sendDocument", err)
}

// inviteFile makes one-use links for everybody on the roster who has not joined, and sends them as a
// table to hand out.
func (t *turn) inviteFile(ctx context.Context) error {
	invites, err := t.store.CreateInvites(ctx, t.now, t.cause(), nil)
	if errors.Is(err, survey.ErrHandled) {
		return nil // the file went out with the first attempt; its tokens are kept nowhere
	}
	if err != nil {
		return err
	}
	if len(invites) == 0 {
		t.show(ctx, t.backTo(t.html("admin.invites_none", nil)))
		return nil
	}
	body, err := t.inviteTable(invites)
	if err != nil {
		return err
	}
	t.sendDocument(ctx, document{
		name: "invites.csv", body: body,
		caption: t.html("admin.invites_text", map[string]any{"N": len(invites), "When": t.when(invites[0].Expires)}),
	})
	return nil
}

// invite makes a one-use link for the people named by their codes, linked already or not, and sends
// them one by one.
func (t *turn) invite(ctx context.Context, codes []string) error {
	if !t.administers() {
		t.show(ctx, screen{text: t.html("fallback.command", nil)})
		return nil
	}
	if len(codes) == 0 || len(codes) > maxInvites {
		t.show(ctx, t.backTo(t.html("admin.invite_usage", map[string]any{"Max": maxInvites})))
		return nil
	}
	invites, err := t.store.CreateInvites(ctx, t.now, t.cause(), codes)
	switch {
	case errors.Is(err, survey.ErrNotFound):
		t.show(ctx, t.backTo(t.html("admin.invite_unknown", nil)))
		return nil
	case errors.Is(err, survey.ErrHandled):
		return nil // the links went out with the first attempt; their tokens are kept nowhere
	case err != nil:
		return err
	}
	text := []markup{t.html("admin.invites_text", map[string]any{"N": len(invites), "When": t.when(invites[0].Expires)})}
	for _, i := range invites {
		who := name(strings.TrimSpace(i.Name+" "+i.Person), unitsName)
		text = append(text, lines(bold(who), escape(t.link(i.Token))))
	}
	t.show(ctx, t.backTo(paragraphs(text...)))
	return nil
}

// maxInvites is how many people one /invite may name.
const maxInvites = 10

// byteOrderMark makes spreadsheets read a CSV file as UTF-8.
const byteOrderMark = "\ufeff"

func (t *turn) inviteTable(invites []storage.Invite) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(byteOrderMark)
	w := csv.NewWriter(&out)
	rows := [][]string{{t.plain("admin.invites_code", nil), t.plain("admin.invites_name", nil), t.plain("admin.invites_link", nil)}}
	for _, i := range invites {
		rows = append(rows, []string{plainCell(i.Person), plainCell(i.Name), t.link(i.Token)})
	}
	if err := w.WriteAll(rows); err != nil {
		return nil, fmt.Errorf("bot: invites: %w", err)
	}
	return out.Bytes(), nil
}

// plainCell keeps a spreadsheet from taking a cell for a formula.
func plainCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// backTo is a text with the way back to the list of rounds.
func (t *turn) backTo(text markup) screen {
	s := screen{text: text}
	s.row(button(t.plain("admin.back", nil), widthButton, press{verb: verbAdmin}))
	return s
}

// tryScreen lists the questionnaires to try.
func (t *turn) tryScreen(ctx context.Context, page int) (screen, error) {
	versions, err := t.store.Questionnaires(ctx)
	if err != nil {
		return screen{}, err
	}
	s := screen{text: t.html("admin.try_text", nil)}
	page, pages := pageOf(page, len(versions), adminSize)
	for _, v := range part(versions, page, adminSize) {
		q, err := t.store.Questionnaire(ctx, v.ID)
		if err != nil {
			return screen{}, err
		}
		s.row(button(q.Title.In(t.lang), widthButton, press{verb: verbTry, id: v.ID}))
	}
	s.row(t.pager(page, pages, func(to int) press { return press{verb: verbTryList, page: to} })...)
	s.row(button(t.plain("admin.back", nil), widthButton, press{verb: verbAdmin}))
	return s, nil
}

// relinksScreen lists the claims that wait, one to a page.
func (t *turn) relinksScreen(ctx context.Context, page int) (screen, error) {
	claims, err := t.store.PendingRelinks(ctx)
	if err != nil {
		return screen{}, err
	}
	if len(claims) == 0 {
		return t.backTo(t.html("admin.relinks_none", nil)), nil
	}
	page, pages := pageOf(page, len(claims), 1)
	s := t.claimScreen(claims[page])
	s.row(t.pager(page, pages, func(to int) press { return press{verb: verbRelinks, page: to} })...)
	s.row(button(t.plain("admin.back", nil), widthButton, press{verb: verbAdmin}))
	return s, nil
}

// claimScreen asks an admin whether an account is to become a person's.
func (t *turn) claimScreen(r storage.Relink) screen {
	who := r.Person
	if r.Name != "" {
		who = r.Name + " (" + r.Person + ")"
	}
	text := t.html("admin.relink", map[string]any{
		"Who": name(who, unitsName), "Account": r.TelegramID, "When": t.when(r.CreatedAt)})
	linked, holder := markup(""), markup("")
	if r.Linked {
		linked = t.html("admin.relink_linked", nil)
	}
	if r.Holder != "" {
		holder = t.html("admin.relink_holder", map[string]any{"Holder": name(r.Holder, unitsName)})
	}
	s := screen{text: paragraphs(text, lines(linked, holder), t.html("admin.relink_check", nil))}
	s.row(button(t.plain("admin.approve", nil), widthHalf, press{verb: verbRelink, id: r.ID, on: true}),
		button(t.plain("admin.reject", nil), widthHalf, press{verb: verbRelink, id: r.ID}))
	return s
}

// decide approves or rejects a claim.
func (t *turn) decide(ctx context.Context, id int64, approve bool) error {
	do, key := t.store.RejectRelink, "admin.rejected"
	var former storage.Person
	if approve {
		do, key = t.store.ApproveRelink, "admin.approved"
		var err error
		if former, err = t.formerly(ctx, id); err != nil {
			return err
		}
	}
	switch err := do(ctx, t.now, t.cause(), id); {
	case errors.Is(err, survey.ErrStale):
		key = "admin.decided"
	case err != nil && !errors.Is(err, survey.ErrHandled):
		return err
	case err == nil && approve:
		t.tellFormer(ctx, former)
	}
	s := t.backTo(t.html(key, nil))
	t.show(ctx, s)
	return nil
}

// formerly is the person of a waiting claim with the account held until now; zero where there is no
// such claim any more.
func (t *turn) formerly(ctx context.Context, id int64) (storage.Person, error) {
	r, err := t.store.PendingRelink(ctx, id)
	if errors.Is(err, survey.ErrNotFound) || errors.Is(err, survey.ErrStale) {
		return storage.Person{}, nil
	}
	if err != nil {
		return storage.Person{}, err
	}
	return t.store.Person(ctx, r.PersonID)
}

// tellFormer tells an account that it stands for nobody any more, so that a takeover does not go
// unnoticed.
func (t *turn) tellFormer(ctx context.Context, p storage.Person) {
	if p.TelegramID == 0 {
		return
	}
	lang := p.Language
	if !lang.Known() {
		lang = t.lang
	}
	words := t.wordsIn(lang, t.now)
	_, err := t.send(ctx, outgoing{chat: p.TelegramID, screen: screen{text: words.html("people.unlinked", nil)}})
	if outcome, _ := Judge(err); outcome != OutcomeUnreachable {
		t.note(ctx, "sendMessage", err)
	}
}

// claim is the message that tells an admin of a claim.
func (t *turn) claim(ctx context.Context, id int64) (screen, error) {
	r, err := t.store.PendingRelink(ctx, id)
	if err != nil {
		return screen{}, err
	}
	return t.claimScreen(r), nil
}

// wrongLink is the message that tells an admin that somebody was taken for another.
func (t *turn) wrongLink(ctx context.Context, id int64) (screen, error) {
	p, err := t.store.Person(ctx, id)
	if err != nil {
		return screen{}, err
	}
	who := p.Code
	if p.Name != "" {
		who = p.Name + " (" + p.Code + ")"
	}
	return screen{text: t.html("admin.notme", map[string]any{"Who": name(who, unitsName)})}, nil
}
