package storage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// RoleName is a right that a person has, over everything or over one unit.
type RoleName string

// The roles.
const (
	Admin     RoleName = "admin"     // runs the installation
	Organiser RoleName = "organiser" // runs rounds
	Auditor   RoleName = "auditor"   // reads the audit log, exports sealed data
	Contact   RoleName = "contact"   // speaks for a unit
)

// Role is a role of a person.
type Role struct {
	Role   RoleName
	UnitID int64  // 0: everywhere
	Unit   string // code of the unit; empty: everywhere
}

const sqlRoles = `
	SELECT r.role, coalesce(r.unit_id, 0) AS unit_id, coalesce(u.code, '') AS unit
	FROM role r LEFT JOIN unit u ON u.id = r.unit_id
	WHERE r.person_id = @person ORDER BY r.role, u.code`

// Roles returns the roles of a person, none for people who only answer.
func (s *Store) Roles(ctx context.Context, person int64) ([]Role, error) {
	rows, _ := s.pool.Query(ctx, sqlRoles, pgx.NamedArgs{"person": person})
	roles, err := pgx.CollectRows(rows, pgx.RowToStructByName[Role])
	if err != nil {
		return nil, fmt.Errorf("storage: roles of person %d: %w", person, mapError(err))
	}
	return roles, nil
}

// adminsKey is the setting that holds the ids of the people who are admins by
// PINGYI_ADMINS, so that taking an account off the list takes the role away.
const adminsKey = "admins"

const (
	sqlHoldAdmins = `
	INSERT INTO setting (key, value) VALUES (@key, '[]') ON CONFLICT (key) DO UPDATE SET value = setting.value
	RETURNING value`
	sqlMakeAdmin = `
	INSERT INTO person (code, telegram_id, enrolled, linked_at, created_at)
	VALUES (@code, @telegram, true, @now, @now) RETURNING id`
	sqlTelegramHolder = `SELECT id FROM person WHERE telegram_id = @telegram`
	sqlGrantAdmin     = `INSERT INTO role (person_id, role) VALUES (@person, 'admin') ON CONFLICT DO NOTHING`
	sqlRevokeAdmin    = `DELETE FROM role WHERE person_id = @person AND role = 'admin' AND unit_id IS NULL`
)

// EnsureAdmins makes the holders of these Telegram accounts admins, people of
// their own where the accounts are not linked yet, and takes the role from those
// who had it by an earlier list only. It may run on every start.
func (s *Store) EnsureAdmins(ctx context.Context, now time.Time, telegramIDs []int64) error {
	err := s.tx(ctx, func(tx pgx.Tx) error { return s.ensureAdmins(ctx, tx, now, telegramIDs) })
	if err != nil {
		return fmt.Errorf("storage: ensuring the admins: %w", err)
	}
	return nil
}

func (s *Store) ensureAdmins(ctx context.Context, tx pgx.Tx, now time.Time, telegramIDs []int64) error {
	var before []int64
	args := pgx.NamedArgs{"key": adminsKey}
	if err := tx.QueryRow(ctx, sqlHoldAdmins, args).Scan(&before); err != nil {
		return err
	}
	after := []int64{}
	for _, telegram := range telegramIDs {
		id, granted, err := ensureAdmin(ctx, tx, now, telegram)
		if err != nil {
			return err
		}
		if granted || slices.Contains(before, id) { // else the roster made them admin
			after = append(after, id)
		}
	}
	slices.Sort(after)
	after = slices.Compact(after)
	if slices.Equal(before, after) {
		return nil
	}
	for _, id := range before {
		if slices.Contains(after, id) {
			continue
		}
		if _, err := tx.Exec(ctx, sqlRevokeAdmin, pgx.NamedArgs{"person": id}); err != nil {
			return fmt.Errorf("revoking the role of person %d: %w", id, err)
		}
	}
	args["value"] = after
	if _, err := tx.Exec(ctx, sqlKeepSetting, args); err != nil {
		return err
	}
	return s.audit(ctx, tx, now, Cause{}, "role.admins", "role:admin", before, after)
}

// ensureAdmin makes the holder of an account an admin; granted: was none before.
func ensureAdmin(ctx context.Context, tx pgx.Tx, now time.Time, telegram int64) (id int64, granted bool, err error) {
	args := pgx.NamedArgs{"telegram": telegram, "code": personCode("admin"), "now": now}
	err = tx.QueryRow(ctx, sqlTelegramHolder, args).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		err = tx.QueryRow(ctx, sqlMakeAdmin, args).Scan(&id)
	}
	if err != nil {
		return 0, false, fmt.Errorf("the person of an admin: %w", err)
	}
	tag, err := tx.Exec(ctx, sqlGrantAdmin, pgx.NamedArgs{"person": id})
	return id, tag.RowsAffected() == 1, err
}

const sqlTellAdmins = `
	SELECT DISTINCT ON (p.id) @kind::text AS kind, p.id AS person_id, NULL::bigint AS request_id, NULL::bigint AS round_id,
	       @args::jsonb AS args
	FROM role r JOIN person p ON p.id = r.person_id
	WHERE r.role = 'admin' AND p.telegram_id IS NOT NULL`

// tellAdmins sends every admin a message of a kind; args are ids.
func tellAdmins(ctx context.Context, tx pgx.Tx, now time.Time, kind DeliveryKind, args map[string]int64) error {
	_, err := deliver(ctx, tx, now, priorityWaiting, sqlTellAdmins, pgx.NamedArgs{"kind": kind, "args": args})
	return err
}
