package storage

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// Person is somebody who may be asked, or who runs things. Times are nil where
// it has not happened.
type Person struct {
	ID            int64
	Code          string
	Name          string      // as the roster has it; empty for citizens who joined by themselves
	Language      survey.Lang // empty: not chosen yet
	TelegramID    int64       // 0: not linked
	District      string
	AgeBand       string
	Enrolled      bool   // came by itself (public link, PINGYI_ADMINS), not from the roster
	Consent       string // version of the notice last agreed to; empty: none
	Unit          survey.Text
	Kinds         []survey.PersonKind // of memberships that are current
	Roles         []RoleName
	LinkedAt      *time.Time
	UnreachableAt *time.Time
	StoppedAt     *time.Time
}

// Is says whether the person is of the kind.
func (p Person) Is(kind survey.PersonKind) bool { return slices.Contains(p.Kinds, kind) }

// Has says whether the person has the role, for any unit.
func (p Person) Has(role RoleName) bool { return slices.Contains(p.Roles, role) }

const sqlPerson = `
	SELECT p.id, p.code, p.name, p.language, coalesce(p.telegram_id, 0) AS telegram_id,
	       p.district, p.age_band, p.enrolled,
	       coalesce((SELECT version FROM consent WHERE person_id = p.id
	                 ORDER BY given_at DESC, version DESC LIMIT 1), '') AS consent,
	       coalesce((SELECT u.name FROM membership m JOIN unit u ON u.id = m.unit_id
	                 WHERE m.person_id = p.id AND current_date BETWEEN coalesce(m.from_date, '-infinity')
	                                                               AND coalesce(m.to_date, 'infinity')
	                 ORDER BY m.kind = 'citizen', m.id LIMIT 1), '{}') AS unit,
	       ARRAY(SELECT DISTINCT kind FROM membership m
	             WHERE m.person_id = p.id AND current_date BETWEEN coalesce(m.from_date, '-infinity')
	                                                           AND coalesce(m.to_date, 'infinity')
	             ORDER BY kind) AS kinds,
	       ARRAY(SELECT DISTINCT role FROM role WHERE person_id = p.id ORDER BY role) AS roles,
	       p.linked_at, p.unreachable_at, p.stopped_at
	FROM person p `

const (
	sqlPersonByID       = sqlPerson + `WHERE p.id = @person`
	sqlPersonByTelegram = sqlPerson + `WHERE p.telegram_id = @telegram`
	sqlFindPeople       = sqlPerson + `
	WHERE p.code ILIKE @prefix OR (p.name <> '' AND p.name ILIKE @part)
	ORDER BY p.code = @exact DESC, p.code LIMIT @limit`
)

// Person returns the person with the id; survey.ErrNotFound where there is none.
func (s *Store) Person(ctx context.Context, id int64) (Person, error) {
	p, err := onePerson(s.pool.Query(ctx, sqlPersonByID, pgx.NamedArgs{"person": id}))
	if err != nil {
		return Person{}, fmt.Errorf("storage: person %d: %w", id, mapError(err))
	}
	return p, nil
}

// PersonByTelegram returns the person linked to an account;
// survey.ErrNotFound where nobody is: nothing is kept about strangers.
func (s *Store) PersonByTelegram(ctx context.Context, telegramID int64) (Person, error) {
	p, err := onePerson(s.pool.Query(ctx, sqlPersonByTelegram, pgx.NamedArgs{"telegram": telegramID}))
	if err != nil {
		return Person{}, fmt.Errorf("storage: person of an account: %w", mapError(err))
	}
	return p, nil
}

// FindPeople returns the people whose code begins with what an admin typed or
// whose name contains it, at most limit, by code.
func (s *Store) FindPeople(ctx context.Context, typed string, limit int) ([]Person, error) {
	typed = strings.TrimSpace(typed)
	if typed == "" || strings.ContainsRune(typed, 0) {
		return nil, nil
	}
	literal := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(typed)
	rows, _ := s.pool.Query(ctx, sqlFindPeople, pgx.NamedArgs{
		"exact": typed, "prefix": literal + "%", "part": "%" + literal + "%", "limit": limit})
	people, err := pgx.CollectRows(rows, pgx.RowToStructByName[Person])
	if err != nil {
		return nil, fmt.Errorf("storage: finding people: %w", mapError(err))
	}
	return people, nil
}

func onePerson(rows pgx.Rows, err error) (Person, error) {
	if err != nil {
		return Person{}, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Person])
}

// personIn reads a person inside a transaction.
func personIn(ctx context.Context, tx pgx.Tx, id int64) (Person, error) {
	return onePerson(tx.Query(ctx, sqlPersonByID, pgx.NamedArgs{"person": id}))
}

// held is a person's row under lock.
type held struct {
	ID         int64
	TelegramID int64
	Enrolled   bool
	District   string
	AgeBand    string
	Language   survey.Lang
}

// The lock keeps out other changes of these people, not the foreign keys of
// rows that name them. Ids are locked in order, so two merges cannot deadlock.
const sqlHoldPeople = `
	SELECT id, coalesce(telegram_id, 0) AS telegram_id, enrolled, district, age_band, language
	FROM person WHERE id = ANY(@people) OR telegram_id = @telegram
	ORDER BY id FOR NO KEY UPDATE`

// holdPeople locks a person and whoever holds a Telegram account (0: nobody).
// It returns the person, survey.ErrNotFound where there is none, and the other
// holder, nil where that is nobody or the person.
func holdPeople(ctx context.Context, tx pgx.Tx, person, telegramID int64) (held, *held, error) {
	args := pgx.NamedArgs{"people": []int64{person}, "telegram": telegramID}
	rows, _ := tx.Query(ctx, sqlHoldPeople, args)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[held])
	if err != nil {
		return held{}, nil, fmt.Errorf("locking person %d: %w", person, err)
	}
	var me, other *held
	for i := range found {
		if found[i].ID == person {
			me = &found[i]
		} else {
			other = &found[i]
		}
	}
	if me == nil {
		return held{}, nil, fmt.Errorf("person %d: %w", person, survey.ErrNotFound)
	}
	return *me, other, nil
}

// changePerson runs fn in a transaction that holds the person.
func (s *Store) changePerson(ctx context.Context, now time.Time, cause Cause, person int64, fn func(tx pgx.Tx) error) error {
	return s.change(ctx, now, cause, func(tx pgx.Tx) error {
		if _, _, err := holdPeople(ctx, tx, person, 0); err != nil {
			return err
		}
		return fn(tx)
	})
}

const sqlSetLanguage = `UPDATE person SET language = @language WHERE id = @person`

// SetLanguage keeps the language a person wants to be spoken to in;
// survey.ErrInvalid where the product does not speak it.
func (s *Store) SetLanguage(ctx context.Context, now time.Time, cause Cause, person int64, lang survey.Lang) error {
	if !lang.Known() {
		return fmt.Errorf("storage: language %q: %w", lang, survey.ErrInvalid)
	}
	err := s.changePerson(ctx, now, cause, person, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sqlSetLanguage, pgx.NamedArgs{"person": person, "language": lang})
		return err
	})
	if err != nil {
		return fmt.Errorf("storage: language of person %d: %w", person, err)
	}
	return nil
}

// PeopleCounts says how many people stand where in joining.
type PeopleCounts struct {
	Roster      int // people of the roster
	Linked      int // of these, with an account
	Invited     int // of these not linked, with an invite that can still be used
	Enrolled    int // citizens who joined by the public link
	Today       int // of these, since midnight
	Stopped     int // everybody who pressed stop
	Unreachable int // everybody who blocked the bot or is gone
	Waiting     int // claims on a linked person that wait for an admin
}

const sqlCountPeople = `
	SELECT count(*) FILTER (WHERE NOT enrolled) AS roster,
	       count(*) FILTER (WHERE NOT enrolled AND telegram_id IS NOT NULL) AS linked,
	       count(*) FILTER (WHERE telegram_id IS NULL AND EXISTS (
	           SELECT FROM invite i WHERE i.person_id = p.id AND i.used_at IS NULL AND i.expires_at > @now)) AS invited,
	       count(*) FILTER (WHERE citizen) AS enrolled,
	       count(*) FILTER (WHERE citizen AND linked_at >= date_trunc('day', @now::timestamptz)) AS today,
	       count(*) FILTER (WHERE stopped_at IS NOT NULL) AS stopped,
	       count(*) FILTER (WHERE unreachable_at IS NOT NULL) AS unreachable,
	       (SELECT count(*) FROM relink WHERE state = 'waiting') AS waiting
	FROM person p
	CROSS JOIN LATERAL (SELECT EXISTS (
	    SELECT FROM membership m WHERE m.person_id = p.id AND m.enrolled) AS citizen) AS e`

// CountPeople counts the people by how far they have joined.
func (s *Store) CountPeople(ctx context.Context, now time.Time) (PeopleCounts, error) {
	rows, _ := s.pool.Query(ctx, sqlCountPeople, pgx.NamedArgs{"now": now})
	counts, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[PeopleCounts])
	if err != nil {
		return PeopleCounts{}, fmt.Errorf("storage: counting people: %w", mapError(err))
	}
	return counts, nil
}
