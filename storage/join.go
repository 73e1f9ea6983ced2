package storage

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// InviteLife is how long an invite can be used.
const InviteLife = 30 * 24 * time.Hour

// Why an invite is refused.
var (
	ErrInviteUsed    = fmt.Errorf("the invite was used by another account: %w", survey.ErrForbidden)
	ErrInviteExpired = fmt.Errorf("the invite has expired: %w", survey.ErrStale)
)

// Invite is a one-use link for one person. The token is known only here: the
// database keeps its hash.
type Invite struct {
	PersonID int64
	Person   string // code
	Name     string
	Token    string // 27 letters of A-Z a-z 0-9 _ -, fit for /start
	Expires  time.Time
}

// inviteToken makes a token of 160 random bits.
func inviteToken() string { return base64.RawURLEncoding.EncodeToString(randomBytes(20)) }

func tokenHash(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

// personCode makes a code for somebody who is not on the roster.
func personCode(kind string) string {
	return kind + "-" + strings.ToLower(rand.Text()[:16])
}

// joinLock is the advisory lock that keeps a round from opening between a
// person's being linked and being asked: joining shares it, opening holds it
// alone. Otherwise neither would see the other, and the person would not be asked.
const joinLock = 0x6a6f696e // "join"

const (
	sqlJoining     = `SELECT pg_advisory_xact_lock_shared(@lock)`
	sqlHoldJoining = `SELECT pg_advisory_xact_lock(@lock)`
)

// holdJoining makes joining wait until the transaction ends. It comes before
// every other lock.
func holdJoining(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, sqlHoldJoining, pgx.NamedArgs{"lock": int64(joinLock)})
	return err
}

// join runs fn in a transaction that links or brings back people.
func (s *Store) join(ctx context.Context, now time.Time, cause Cause, fn func(tx pgx.Tx) error) error {
	return s.change(ctx, now, cause, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlJoining, pgx.NamedArgs{"lock": int64(joinLock)}); err != nil {
			return err
		}
		return fn(tx)
	})
}

const (
	sqlToInvite = `
	SELECT id, code, name FROM person
	WHERE CASE WHEN cardinality(@codes::text[]) = 0 THEN telegram_id IS NULL AND NOT enrolled
	           ELSE code = ANY(@codes) END
	ORDER BY code`
	sqlDropInvites = `DELETE FROM invite WHERE person_id = ANY(@people) AND used_at IS NULL`
	sqlKeepInvites = `
	INSERT INTO invite (token_hash, person_id, created_at, expires_at)
	SELECT hash, person, @now, @expires FROM unnest(@hashes::bytea[], @people::bigint[]) AS i (hash, person)`
)

// CreateInvites makes a one-use invite for each of the people with these codes;
// it takes the place of those they have not used. Without codes it makes one
// for everybody on the roster who is not linked yet, and invites that were
// handed out before stay good. An unknown code is survey.ErrNotFound, and
// nobody gets one.
func (s *Store) CreateInvites(ctx context.Context, now time.Time, cause Cause, codes []string) ([]Invite, error) {
	var invites []Invite
	err := s.change(ctx, now, cause, func(tx pgx.Tx) (err error) {
		invites, err = s.createInvites(ctx, tx, now, cause, codes)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("storage: creating invites: %w", err)
	}
	return invites, nil
}

func (s *Store) createInvites(ctx context.Context, tx pgx.Tx, now time.Time, cause Cause, codes []string) ([]Invite, error) {
	rows, _ := tx.Query(ctx, sqlToInvite, pgx.NamedArgs{"codes": list(codes)})
	var people []int64
	var hashes [][]byte
	var invites []Invite
	var i Invite
	_, err := pgx.ForEachRow(rows, []any{&i.PersonID, &i.Person, &i.Name}, func() error {
		i.Token, i.Expires = inviteToken(), now.Add(InviteLife)
		invites = append(invites, i)
		people = append(people, i.PersonID)
		hashes = append(hashes, tokenHash(i.Token))
		return nil
	})
	if err != nil {
		return nil, err
	}
	if missing := notInvited(codes, invites); len(missing) > 0 {
		return nil, fmt.Errorf("people %s: %w", strings.Join(missing, ", "), survey.ErrNotFound)
	}
	args := pgx.NamedArgs{"people": people, "hashes": hashes, "now": now, "expires": now.Add(InviteLife)}
	steps := []string{sqlDropInvites, sqlKeepInvites}
	if len(codes) == 0 {
		steps = steps[1:]
	}
	for _, sql := range steps {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return nil, err
		}
	}
	return invites, s.audit(ctx, tx, now, cause, "invite.create", "invite", nil, map[string]any{"people": people})
}

// notInvited returns the codes that nobody has.
func notInvited(codes []string, invites []Invite) []string {
	has := map[string]bool{}
	for _, i := range invites {
		has[i.Person] = true
	}
	var missing []string
	for _, code := range codes {
		if !has[code] {
			missing = append(missing, code)
		}
	}
	return missing
}

const (
	sqlHoldInvite = `
	SELECT i.person_id, coalesce(p.telegram_id, 0), i.used_at IS NOT NULL, i.expires_at < @now
	FROM invite i JOIN person p ON p.id = i.person_id WHERE i.token_hash = @hash FOR UPDATE OF i`
	sqlUseInvite = `UPDATE invite SET used_at = coalesce(used_at, @now) WHERE token_hash = @hash`
)

// RedeemInvite links an account to the person whose invite it is, and asks the
// person in every open round. The same account may tap the link again.
//
// survey.ErrNotFound: no such invite; ErrInviteUsed: by another account;
// ErrInviteExpired; survey.ErrNeedsApproval: the person is linked to another
// account, or the account to another person of the roster; admins are told.
func (s *Store) RedeemInvite(ctx context.Context, now time.Time, cause Cause,
	token string, telegramID int64, lang survey.Lang) (Person, error) {
	return s.joined(ctx, now, cause, "redeeming an invite", func(tx pgx.Tx) (int64, bool, error) {
		return s.redeem(ctx, tx, now, tokenHash(token), telegramID, lang)
	})
}

func (s *Store) redeem(ctx context.Context, tx pgx.Tx, now time.Time, hash []byte,
	telegramID int64, lang survey.Lang) (person int64, waits bool, err error) {
	var holder int64
	var used, expired bool
	args := pgx.NamedArgs{"hash": hash, "now": now}
	if err := tx.QueryRow(ctx, sqlHoldInvite, args).Scan(&person, &holder, &used, &expired); err != nil {
		return 0, false, mapError(err)
	}
	if used && holder != telegramID {
		if waits, err = waiting(ctx, tx, person, telegramID); err == nil && !waits {
			err = ErrInviteUsed
		}
		return person, waits, err
	}
	if expired && holder != telegramID {
		return 0, false, ErrInviteExpired
	}
	if _, err := tx.Exec(ctx, sqlUseInvite, args); err != nil {
		return 0, false, err
	}
	waits, err = s.link(ctx, tx, now, person, telegramID, lang)
	return person, waits, err
}

const sqlPersonByPhone = `SELECT id FROM person WHERE phone_hash = @hash`

// LinkByPhone links an account to the person of the roster with its phone
// number, and asks the person in every open round. The caller has made sure
// that the number is the account's own. Errors are those of RedeemInvite, and
// survey.ErrInvalid where it is no phone number.
func (s *Store) LinkByPhone(ctx context.Context, now time.Time, cause Cause,
	phone string, telegramID int64, lang survey.Lang) (Person, error) {
	hash, err := s.PhoneHash(phone)
	if err != nil {
		return Person{}, err
	}
	return s.joined(ctx, now, cause, "linking by phone", func(tx pgx.Tx) (person int64, waits bool, err error) {
		if err := tx.QueryRow(ctx, sqlPersonByPhone, pgx.NamedArgs{"hash": hash}).Scan(&person); err != nil {
			return 0, false, mapError(err)
		}
		waits, err = s.link(ctx, tx, now, person, telegramID, lang)
		return person, waits, err
	})
}

// joined runs fn, which links somebody or leaves a claim that waits for an
// admin (kept, and returned as survey.ErrNeedsApproval).
func (s *Store) joined(ctx context.Context, now time.Time, cause Cause, what string,
	fn func(tx pgx.Tx) (person int64, waits bool, err error)) (Person, error) {
	var p Person
	var waits bool
	err := s.join(ctx, now, cause, func(tx pgx.Tx) error {
		var id int64
		var err error
		if id, waits, err = fn(tx); err != nil || waits {
			return err
		}
		p, err = personIn(ctx, tx, id)
		return err
	})
	if err == nil && waits {
		err = survey.ErrNeedsApproval
	}
	if err != nil {
		return Person{}, fmt.Errorf("storage: %s: %w", what, err)
	}
	return p, nil
}

const sqlLink = `
	UPDATE person SET telegram_id = @telegram, linked_at = @now, unreachable_at = NULL, stopped_at = NULL,
	       released = false,
	       language = CASE language WHEN '' THEN @language ELSE language END
	WHERE id = @person`

// link ties an account to a person and asks the person. It waits for an admin
// where that would take the account or the person from somebody; a citizen or
// admin who came by the same account without the roster becomes the person.
func (s *Store) link(ctx context.Context, tx pgx.Tx, now time.Time, person, telegramID int64,
	lang survey.Lang) (waits bool, err error) {
	me, other, err := holdPeople(ctx, tx, person, telegramID)
	if err != nil || me.TelegramID == telegramID {
		return false, err
	}
	if me.TelegramID != 0 || other != nil && !other.Enrolled {
		return true, s.claim(ctx, tx, now, person, telegramID, lang)
	}
	return false, s.linkHeld(ctx, tx, now, me, other, telegramID, lang)
}

// linkHeld links a person who is free, or whom an admin decided on.
func (s *Store) linkHeld(ctx context.Context, tx pgx.Tx, now time.Time, me held, other *held,
	telegramID int64, lang survey.Lang) error {
	if me.TelegramID != 0 {
		if err := unlink(ctx, tx, me.ID); err != nil {
			return err
		}
	}
	switch {
	case other != nil && other.Enrolled:
		if err := merge(ctx, tx, other.ID, me.ID); err != nil {
			return err
		}
	case other != nil:
		if err := unlink(ctx, tx, other.ID); err != nil {
			return err
		}
	}
	if !lang.Known() {
		lang = ""
	}
	_, err := tx.Exec(ctx, sqlLink, pgx.NamedArgs{
		"person": me.ID, "telegram": telegramID, "language": lang, "now": now})
	if err != nil {
		return fmt.Errorf("linking person %d: %w", me.ID, err)
	}
	return s.askNow(ctx, tx, now, me.ID)
}

// What belongs to the chat of an account that a person no longer has.
const (
	sqlLeaveRequests = `
	UPDATE request q SET message_id = NULL,
	       state = CASE WHEN q.state IN ('sent', 'unreachable') THEN 'pending' ELSE q.state END
	FROM round r WHERE r.id = q.round_id AND q.person_id = @person AND r.state IN ('open', 'paused')`
	sqlExpireDeliveries = `
	UPDATE delivery SET state = 'expired' WHERE person_id = @person AND state = 'pending'`
	sqlUnlink = `
	UPDATE person SET telegram_id = NULL, linked_at = NULL, unreachable_at = NULL, stopped_at = NULL
	WHERE id = @person`
)

// unlink takes the account from a person who keeps what was answered.
func unlink(ctx context.Context, tx pgx.Tx, person int64) error {
	for _, sql := range []string{sqlLeaveRequests, sqlExpireDeliveries, sqlUnlink} {
		if _, err := tx.Exec(ctx, sql, pgx.NamedArgs{"person": person}); err != nil {
			return fmt.Errorf("unlinking person %d: %w", person, err)
		}
	}
	return nil
}

// isNone says whether a query found nothing.
func isNone(err error) bool { return errors.Is(err, pgx.ErrNoRows) }
