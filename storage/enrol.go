package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// Enrolment is what a citizen who joins by the public link says.
type Enrolment struct {
	District      string // code, empty where the project asks none
	AgeBand       string // likewise
	NoticeVersion string // of the privacy notice agreed to
}

const (
	// A person who is there already keeps what the roster says of them.
	sqlEnrol = `
	INSERT INTO person AS p (code, language, telegram_id, district, age_band, enrolled, linked_at, created_at)
	VALUES (@code, @language, @telegram, @district, @age, true, @now, @now)
	ON CONFLICT (telegram_id) DO UPDATE SET
	    district = CASE WHEN p.enrolled OR p.district = '' THEN excluded.district ELSE p.district END,
	    age_band = excluded.age_band,
	    language = CASE p.language WHEN '' THEN excluded.language ELSE p.language END,
	    unreachable_at = NULL, stopped_at = NULL
	RETURNING id`
	sqlEnrolMembership = `
	INSERT INTO membership (person_id, kind, enrolled)
	SELECT @person, 'citizen', true
	WHERE NOT EXISTS (SELECT FROM membership WHERE person_id = @person AND kind = 'citizen'
	                  AND current_date BETWEEN coalesce(from_date, '-infinity') AND coalesce(to_date, 'infinity'))`
	sqlConsent = `
	INSERT INTO consent (person_id, version, given_at) VALUES (@person, @version, @now)
	ON CONFLICT (person_id, version) DO NOTHING`
)

// EnrolCitizen keeps a citizen who agreed to the notice, and asks them in every
// open round. Nothing about them is kept before. Somebody who is linked already
// becomes a citizen too; repeating it changes district and age band.
//
// survey.ErrClosed: the project does not let people join by themselves;
// survey.ErrStale: the notice has changed since, show it again;
// survey.ErrInvalid: no such district or age band.
func (s *Store) EnrolCitizen(ctx context.Context, now time.Time, cause Cause,
	telegramID int64, lang survey.Lang, e Enrolment) (Person, error) {
	return s.joined(ctx, now, cause, "enrolling a citizen", func(tx pgx.Tx) (int64, bool, error) {
		id, err := s.enrol(ctx, tx, now, telegramID, lang, e)
		return id, false, err
	})
}

func (s *Store) enrol(ctx context.Context, tx pgx.Tx, now time.Time,
	telegramID int64, lang survey.Lang, e Enrolment) (person int64, err error) {
	p, err := project(ctx, tx)
	switch {
	case err != nil:
		return 0, err
	case !p.Enrolment.Open:
		return 0, survey.ErrClosed
	case e.NoticeVersion == "" || e.NoticeVersion != p.Notice.Version:
		return 0, fmt.Errorf("notice version: %w", survey.ErrStale)
	case !p.Enrolment.Takes(e.District, e.AgeBand):
		return 0, fmt.Errorf("district or age band: %w", survey.ErrInvalid)
	}
	if !lang.Known() {
		lang = ""
	}
	args := pgx.NamedArgs{"code": personCode("citizen"), "language": lang, "telegram": telegramID,
		"district": e.District, "age": e.AgeBand, "version": e.NoticeVersion, "now": now}
	if err := tx.QueryRow(ctx, sqlEnrol, args).Scan(&person); err != nil {
		return 0, err
	}
	args["person"] = person
	for _, sql := range []string{sqlEnrolMembership, sqlConsent} {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return 0, fmt.Errorf("person %d: %w", person, err)
		}
	}
	return person, s.askNow(ctx, tx, now, person)
}

// Consent records that a person agreed to a version of the notice. A version
// that is not the project's is survey.ErrStale: show the notice again.
func (s *Store) Consent(ctx context.Context, now time.Time, cause Cause, person int64, version string) error {
	err := s.changePerson(ctx, now, cause, person, func(tx pgx.Tx) error {
		p, err := project(ctx, tx)
		if err != nil {
			return err
		}
		if version == "" || version != p.Notice.Version {
			return fmt.Errorf("notice version: %w", survey.ErrStale)
		}
		_, err = tx.Exec(ctx, sqlConsent, pgx.NamedArgs{"person": person, "version": version, "now": now})
		return err
	})
	if err != nil {
		return fmt.Errorf("storage: consent of person %d: %w", person, err)
	}
	return nil
}
