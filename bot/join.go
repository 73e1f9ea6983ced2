package bot

import (
	"context"
	"errors"

	"github.com/go-telegram/bot/models"

	"pingyi/storage"
	"pingyi/survey"
)

// showNotice stands in a button in place of the notice agreed to: the notice is to be shown first.
const showNotice = "0"

// placeSize is how many districts or age bands one page lists.
const placeSize = 12

// joinScreen begins the joining of a citizen who came by the public link.
func (t *turn) joinScreen(ctx context.Context) error {
	if t.known() && t.person.Is(survey.Citizen) {
		return t.todo(ctx, 0)
	}
	project, err := t.settings(ctx)
	if err != nil {
		return err
	}
	if !project.Enrolment.Open {
		t.show(ctx, screen{text: t.html("people.join_closed", map[string]any{"Body": t.body(project)})})
		return nil
	}
	t.show(ctx, t.noticeScreen(project, press{verb: verbConsent}))
	return nil
}

// noticeScreen shows the privacy notice; agree is what the button says once it names the version.
func (t *turn) noticeScreen(project survey.Project, agree press) screen {
	agree.notice = noticeTag(project.Notice.Version)
	head := t.html("people.before", map[string]any{"Body": t.body(project)})
	title := t.html("people.notice", map[string]any{"Version": name(project.Notice.Version, unitsName)})
	text := escape(isolate(cut(project.Notice.Text.In(t.lang), unitsNotice)))
	s := screen{text: paragraphs(head, title, text)}
	s.row(button(t.plain("people.agree", nil), widthButton, agree))
	s.row(t.languageButtons(func(place int) press {
		return press{verb: verbNotice, id: int64(place), token: cameBy(agree)}
	})...)
	return s
}

// phonePayload stands for joining by the phone number, where other ways have the payload of a link.
const phonePayload = "phone"

// cameBy is how somebody came to the notice.
func cameBy(agree press) string {
	switch agree.verb {
	case verbRedeem:
		return agree.token
	case verbPhone:
		return phonePayload
	}
	return joinPayload
}

// noticeIn shows the notice in another language, without losing how somebody came to it.
func (t *turn) noticeIn(ctx context.Context, place int64, payload string) error {
	if err := t.chooseLanguage(ctx, place); err != nil {
		return err
	}
	switch payload {
	case joinPayload:
		return t.joinScreen(ctx)
	case phonePayload:
		return t.askPhone(ctx, showNotice)
	}
	return t.inviteScreen(ctx, payload)
}

// enrol takes a citizen from the notice over the district to the age band, as far as the project
// asks for them, and enrols them. Everything chosen so far stands in the button, so a restart or a
// lost session in between costs nothing.
func (t *turn) enrol(ctx context.Context, p press) error {
	project, err := t.settings(ctx)
	if err != nil {
		return err
	}
	ask := project.Enrolment
	switch {
	case !ask.Open:
		return t.joinScreen(ctx)
	case p.notice != noticeTag(project.Notice.Version):
		t.show(ctx, t.noticeScreen(project, press{verb: verbConsent}))
		return nil
	}
	if p.verb == verbDistrict && p.id > int64(len(ask.Districts)) ||
		p.verb == verbAge && (p.id > int64(len(ask.Districts)) || p.item > len(ask.Ages)) {
		return errForged
	}
	if len(ask.Districts) > 0 && p.id == 0 {
		t.show(ctx, t.placeScreen("people.district", ask.Districts, p.page, func(place, page int) press {
			return press{verb: verbDistrict, notice: p.notice, id: int64(place), page: page}
		}))
		return nil
	}
	if len(ask.Ages) > 0 && p.item == 0 {
		t.show(ctx, t.placeScreen("people.age", ask.Ages, 0, func(place, _ int) press {
			return press{verb: verbAge, notice: p.notice, id: p.id, item: place}
		}))
		return nil
	}
	return t.enrolNow(ctx, storage.Enrolment{
		District: placeCode(ask.Districts, int(p.id)), AgeBand: placeCode(ask.Ages, p.item),
		NoticeVersion: project.Notice.Version,
	})
}

func (t *turn) enrolNow(ctx context.Context, e storage.Enrolment) error {
	person, err := t.store.EnrolCitizen(ctx, t.now, t.cause(), t.user, t.lang, e)
	switch {
	case errors.Is(err, survey.ErrHandled):
		return t.joinedAgain(ctx)
	case errors.Is(err, survey.ErrClosed), errors.Is(err, survey.ErrStale):
		t.forgetSettings()
		return t.joinScreen(ctx)
	case err != nil:
		return err
	}
	return t.joined(ctx, person)
}

// joinedAgain greets after an update that came a second time.
func (t *turn) joinedAgain(ctx context.Context) error {
	person, err := t.store.PersonByTelegram(ctx, t.user)
	if err != nil {
		return err
	}
	return t.joined(ctx, person)
}

// placeScreen lists districts or age bands. Places in the list count from 1; 0 asks for a page.
func (t *turn) placeScreen(key string, places []survey.Place, page int, to func(place, page int) press) screen {
	s := screen{text: t.html(key, nil)}
	page, pages := pageOf(page, len(places), placeSize)
	var row []inlineButton
	for i, place := range part(places, page, placeSize) {
		row = append(row, button(place.Name.In(t.lang), widthHalf, to(page*placeSize+i+1, 0)))
		if len(row) == 2 {
			s.row(row...)
			row = nil
		}
	}
	s.row(row...)
	s.row(t.pager(page, pages, func(p int) press { return to(0, p) })...)
	return s
}

func placeCode(places []survey.Place, place int) string {
	if place < 1 || place > len(places) {
		return ""
	}
	return places[place-1].Code
}

// joined greets somebody who has just become known. What waits for them comes by itself.
func (t *turn) joined(ctx context.Context, person storage.Person) error {
	t.person = person
	if person.Language.Known() {
		t.speak(person.Language)
	}
	t.dropSession(ctx)
	text := t.html("people.joined", nil)
	if person.Name != "" {
		text = t.html("people.joined_as", map[string]any{"Name": name(person.Name, unitsName)})
	}
	items, err := t.store.Todo(ctx, person.ID)
	if err != nil {
		return err
	}
	next := t.html("people.joined_none", nil)
	if len(items) > 0 {
		next = t.html("people.joined_next", nil)
	}
	s := screen{text: paragraphs(text, next), reply: t.noKeyboard()}
	if person.Name != "" && !person.Enrolled {
		if s.reply != nil { // buttons cannot stand beside what takes the key away
			s.text = paragraphs(s.text, t.html("people.notme_command", nil))
		}
		s.row(button(t.plain("people.notme_button", nil), widthButton, press{verb: verbAskNotMe}))
	}
	t.show(ctx, s)
	if t.menuDiffers() {
		t.ownMenu(ctx)
	}
	return nil
}

// inviteScreen shows the notice to somebody who came by an invite; agreeing redeems it.
func (t *turn) inviteScreen(ctx context.Context, token string) error {
	agree := press{verb: verbRedeem, token: token}
	if !isWord(token) || len(agree.String())+len(noticeTag("v")) > maxCallback {
		t.show(ctx, screen{text: t.html("people.invite_bad", nil)})
		return nil
	}
	project, err := t.settings(ctx)
	if err != nil {
		return err
	}
	if project.Notice.Version == "" || t.person.Consent == project.Notice.Version {
		agree.notice = noticeTag(project.Notice.Version)
		return t.redeem(ctx, agree)
	}
	t.show(ctx, t.noticeScreen(project, agree))
	return nil
}

// redeem uses an invite.
func (t *turn) redeem(ctx context.Context, p press) error {
	project, err := t.settings(ctx)
	if err != nil {
		return err
	}
	if p.notice != noticeTag(project.Notice.Version) {
		t.show(ctx, t.noticeScreen(project, press{verb: verbRedeem, token: p.token}))
		return nil
	}
	person, err := t.store.RedeemInvite(ctx, t.now, t.cause(), p.token, t.user, t.lang)
	if errors.Is(err, survey.ErrHandled) {
		person, err = t.store.PersonByTelegram(ctx, t.user)
	}
	return t.linked(ctx, project, person, err)
}

// linked records the consent of somebody who was linked and greets them, or says why they were not.
func (t *turn) linked(ctx context.Context, project survey.Project, person storage.Person, err error) error {
	key := ""
	switch {
	case errors.Is(err, survey.ErrNeedsApproval):
		key = "people.waiting"
	case errors.Is(err, storage.ErrInviteUsed):
		key = "people.invite_used"
	case errors.Is(err, storage.ErrInviteExpired):
		key = "people.invite_expired"
	case errors.Is(err, survey.ErrForbidden):
		key = "people.rejected"
	case errors.Is(err, survey.ErrNotFound), errors.Is(err, survey.ErrInvalid):
		key = "people.unknown"
	case err != nil:
		return err
	}
	if key != "" {
		t.show(ctx, screen{text: t.html(key, nil), reply: t.noKeyboard()})
		return nil
	}
	if version := project.Notice.Version; version != "" && person.Consent != version {
		again := storage.Cause{Actor: person.ID} // repeating it does no harm; linking carried the update
		if err := t.store.Consent(ctx, t.now, again, person.ID, version); err != nil && !errors.Is(err, survey.ErrStale) {
			return err
		}
	}
	return t.joined(ctx, person)
}

// askPhone asks for the person's own phone number, after the notice.
func (t *turn) askPhone(ctx context.Context, notice string) error {
	project, err := t.settings(ctx)
	if err != nil {
		return err
	}
	tag := noticeTag(project.Notice.Version)
	if tag != noNotice && notice != tag {
		t.show(ctx, t.noticeScreen(project, press{verb: verbPhone}))
		return nil
	}
	s := t.recall(ctx)
	s.Consent = tag
	t.remember(ctx, s)
	t.ack(ctx, "")
	t.post(ctx, screen{text: t.html("people.share", nil), reply: &models.ReplyKeyboardMarkup{
		Keyboard:       [][]models.KeyboardButton{{{Text: t.plain("people.share_button", nil), RequestContact: true}}},
		ResizeKeyboard: true, OneTimeKeyboard: true,
	}})
	return nil
}

// contact links somebody by their own phone number. A contact that is not the sender's own is
// refused: otherwise people could join with anybody's number.
func (t *turn) contact(ctx context.Context, c *models.Contact) error {
	if c.UserID != t.user {
		t.show(ctx, screen{text: t.html("people.not_yours", nil)})
		return nil
	}
	project, err := t.settings(ctx)
	if err != nil {
		return err
	}
	tag := noticeTag(project.Notice.Version)
	if tag != noNotice && t.recall(ctx).Consent != tag && t.person.Consent != project.Notice.Version {
		t.discard(ctx)
		t.show(ctx, t.noticeScreen(project, press{verb: verbPhone}))
		return nil
	}
	t.shared = true
	person, err := t.store.LinkByPhone(ctx, t.now, t.cause(), c.PhoneNumber, t.user, t.lang)
	if errors.Is(err, survey.ErrHandled) {
		person, err = t.store.PersonByTelegram(ctx, t.user)
	}
	t.discard(ctx)
	return t.linked(ctx, project, person, err)
}

// noKeyboard takes away the key that shares the phone number, after it was used; else nil. Only a new
// message can do so.
func (t *turn) noKeyboard() models.ReplyMarkup {
	if !t.shared {
		return nil
	}
	return &models.ReplyKeyboardRemove{RemoveKeyboard: true}
}
