package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

const sqlWritePeople = `
	INSERT INTO person (code, name, language, phone_hash, district, age_band, created_at)
	SELECT code, name, language, phone, district, age, @now
	FROM unnest(@codes::text[], @names::text[], @languages::text[], @phones::bytea[], @districts::text[], @ages::text[])
	     WITH ORDINALITY AS x (code, name, language, phone, district, age, n) ORDER BY n
	ON CONFLICT (code) DO UPDATE SET name = excluded.name, language = excluded.language,
	    phone_hash = excluded.phone_hash, district = excluded.district, age_band = excluded.age_band, enrolled = false`

// Numbers move between people only where the file says so of both, so they are
// taken away first.
const sqlFreePhones = `
	UPDATE person p SET phone_hash = NULL
	FROM unnest(@codes::text[], @phones::bytea[]) AS x (code, phone)
	WHERE p.code = x.code AND p.phone_hash IS DISTINCT FROM x.phone AND p.phone_hash IS NOT NULL`

const (
	sqlDropMemberships = `
	DELETE FROM membership m USING person p
	WHERE p.id = m.person_id AND NOT m.enrolled AND p.code = ANY(@codes::text[])`
	sqlWriteMemberships = `
	INSERT INTO membership (person_id, kind, unit_id, manager_id, post, from_date, to_date)
	SELECT p.id, x.kind, u.id, b.id, x.post, nullif(x.since, '')::date, nullif(x.until, '')::date
	FROM unnest(@holders::text[], @kinds::text[], @units::text[], @managers::text[], @posts::text[],
	            @since::text[], @until::text[])
	     WITH ORDINALITY AS x (code, kind, unit, manager, post, since, until, n)
	JOIN person p ON p.code = x.code LEFT JOIN unit u ON u.code = x.unit LEFT JOIN person b ON b.code = x.manager
	ORDER BY x.n`
	sqlDropRoles = `
	DELETE FROM role r USING person p LEFT JOIN setting a ON a.key = 'admins'
	WHERE p.id = r.person_id AND p.code = ANY(@codes::text[])
	  AND NOT (r.role = 'admin' AND r.unit_id IS NULL AND (a.value @> to_jsonb(p.id)) IS TRUE)`
	sqlWriteRoles = `
	INSERT INTO role (person_id, role, unit_id)
	SELECT p.id, x.role, u.id
	FROM unnest(@entitled::text[], @roles::text[], @scopes::text[]) AS x (code, role, unit)
	JOIN person p ON p.code = x.code LEFT JOIN unit u ON u.code = x.unit
	ON CONFLICT DO NOTHING`
)

// writePeople writes people with what they hold, and links those who get an
// account.
func (s *Store) writePeople(ctx context.Context, tx pgx.Tx, now time.Time, people []PersonRow) error {
	if len(people) == 0 {
		return nil
	}
	args := pgx.NamedArgs{
		"now":       now,
		"codes":     column(people, func(p PersonRow) string { return p.Code }),
		"names":     column(people, func(p PersonRow) string { return p.Name }),
		"languages": column(people, func(p PersonRow) string { return string(p.Language) }),
		"phones":    column(people, func(p PersonRow) []byte { return p.PhoneHash }),
		"districts": column(people, func(p PersonRow) string { return p.District }),
		"ages":      column(people, func(p PersonRow) string { return p.Age }),
	}
	heldArgs(args, people)
	for _, sql := range []string{sqlFreePhones, sqlWritePeople, sqlDropMemberships, sqlWriteMemberships,
		sqlDropRoles, sqlWriteRoles} {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return fmt.Errorf("writing people: %w", err)
		}
	}
	return s.linkWritten(ctx, tx, now, people)
}

// heldArgs adds memberships and roles, a row each.
func heldArgs(args pgx.NamedArgs, people []PersonRow) {
	type membership struct {
		code string
		MembershipRow
	}
	type role struct {
		code string
		RoleRow
	}
	var ms []membership
	var rs []role
	for _, p := range people {
		for _, m := range p.Memberships {
			ms = append(ms, membership{p.Code, m})
		}
		for _, r := range p.Roles {
			rs = append(rs, role{p.Code, r})
		}
	}
	args["holders"] = column(ms, func(m membership) string { return m.code })
	args["kinds"] = column(ms, func(m membership) string { return string(m.Kind) })
	args["units"] = column(ms, func(m membership) string { return m.Unit })
	args["managers"] = column(ms, func(m membership) string { return m.Manager })
	args["posts"] = column(ms, func(m membership) string { return m.Post })
	args["since"] = column(ms, func(m membership) string { return m.From })
	args["until"] = column(ms, func(m membership) string { return m.To })
	args["entitled"] = column(rs, func(r role) string { return r.code })
	args["roles"] = column(rs, func(r role) string { return r.Role })
	args["scopes"] = column(rs, func(r role) string { return r.Unit })
}

// Accounts that nobody has are linked as a set; those of people who came by
// themselves are joined with the person of the roster one by one.
const (
	sqlLinkFree = `
	UPDATE person p SET telegram_id = x.telegram, linked_at = @now
	FROM unnest(@codes::text[], @accounts::bigint[]) AS x (code, telegram)
	WHERE p.code = x.code AND p.telegram_id IS NULL AND NOT p.released AND x.telegram <> 0
	  AND NOT EXISTS (SELECT FROM person other WHERE other.telegram_id = x.telegram)`
	sqlLinkTaken = `
	SELECT p.id, x.telegram
	FROM unnest(@codes::text[], @accounts::bigint[]) AS x (code, telegram) JOIN person p ON p.code = x.code
	WHERE p.telegram_id IS NULL AND NOT p.released AND x.telegram <> 0 ORDER BY p.id`
)

// linkWritten gives people the accounts that the file names, as link does for
// those who join in chat.
func (s *Store) linkWritten(ctx context.Context, tx pgx.Tx, now time.Time, people []PersonRow) error {
	args := pgx.NamedArgs{"now": now,
		"codes":    column(people, func(p PersonRow) string { return p.Code }),
		"accounts": column(people, func(p PersonRow) int64 { return p.TelegramID })}
	if _, err := tx.Exec(ctx, sqlLinkFree, args); err != nil {
		return fmt.Errorf("linking people: %w", err)
	}
	type pair struct{ ID, Telegram int64 }
	rows, _ := tx.Query(ctx, sqlLinkTaken, args)
	taken, err := pgx.CollectRows(rows, pgx.RowToStructByName[pair])
	if err != nil {
		return fmt.Errorf("linking people: %w", err)
	}
	for _, p := range taken {
		if _, err := s.link(ctx, tx, now, p.ID, p.Telegram, ""); err != nil {
			return err
		}
	}
	return nil
}

// askOneByOne is how many people are asked each for themselves; for more it is
// cheaper to ask each panel of the open rounds as a whole once more.
const askOneByOne = 100

const sqlLinkedOf = `
	SELECT id FROM person WHERE code = ANY(@codes::text[]) AND telegram_id IS NOT NULL ORDER BY id`

// askWritten asks the people who were written in the rounds that are open, as
// if they had joined; whoever was asked before is not asked again. They are
// not at their phones just now, so quiet hours hold for them.
func (s *Store) askWritten(ctx context.Context, tx pgx.Tx, now time.Time, people []PersonRow) error {
	if len(people) == 0 {
		return nil
	}
	rows, _ := tx.Query(ctx, sqlOpenPanels)
	panels, err := pgx.CollectRows(rows, pgx.RowToStructByName[heldPanel])
	if err != nil || len(panels) == 0 {
		return err
	}
	rows, _ = tx.Query(ctx, sqlLinkedOf, pgx.NamedArgs{
		"codes": column(people, func(p PersonRow) string { return p.Code })})
	linked, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return fmt.Errorf("asking people: %w", err)
	}
	if len(linked) > askOneByOne {
		linked = []int64{everybody}
	}
	for i, p := range panels {
		for _, id := range linked {
			if err := s.askPanel(ctx, tx, now, p, survey.SampleSpec{}, id); err != nil {
				return err
			}
		}
		if last := i == len(panels)-1 || panels[i+1].RoundID != p.RoundID; !last {
			continue
		}
		if err := s.inviteWritten(ctx, tx, now, p, linked); err != nil {
			return err
		}
	}
	return nil
}

// inviteWritten invites people to the round of a panel, after its quiet hours.
func (s *Store) inviteWritten(ctx context.Context, tx pgx.Tx, now time.Time, p heldPanel, people []int64) error {
	spec, err := parseSpec(p.Spec)
	if err != nil {
		return err
	}
	quiet, err := quietOf(ctx, tx, spec)
	if err != nil {
		return err
	}
	due := quiet.Next(now.In(s.zone))
	for _, id := range people {
		if err := invite(ctx, tx, due, id, p.RoundID, priorityInvitation); err != nil {
			return err
		}
	}
	return nil
}
