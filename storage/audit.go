package storage

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// auditLock is the advisory lock that makes the log one chain.
const auditLock = 0x70696e677969 // "pingyi"

// AuditEntry is one line of the log. Detail is {"before": …, "after": …} as
// JSON, empty once it was erased.
type AuditEntry struct {
	ID     int64
	At     time.Time
	Actor  int64 // person id; 0: the clock or the command line
	Action string
	Object string
	Detail string
}

const (
	sqlAuditLock = `SELECT pg_advisory_xact_lock(@lock)`
	sqlAuditLast = `SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1`
	sqlAudit     = `
	INSERT INTO audit (id, at, actor_id, action, object, digest, hash)
	VALUES (@id, @at, @actor, @action, @object, @digest, @hash)`
	sqlAuditDetail = `INSERT INTO audit_detail (audit_id, detail) VALUES (@id, @detail)`
	sqlAuditHead   = `
	INSERT INTO setting (key, value) VALUES ('audit_head', @head)
	ON CONFLICT (key) DO UPDATE SET value = excluded.value`
)

// auditHead marks where the log ends, so that a cut tail is noticed.
type auditHead struct {
	ID  int64  `json:"id"`
	MAC []byte `json:"mac"`
}

// audit appends to the log: who did what to which object ("round:2026-q4",
// "person:17"), and its values before and after, nil where there were none. It
// holds the log until the transaction ends, so call it last.
func (s *Store) audit(ctx context.Context, tx pgx.Tx, now time.Time, cause Cause,
	action, object string, before, after any) error {
	detail, err := json.Marshal(map[string]any{"before": before, "after": after})
	if err != nil {
		return fmt.Errorf("audit %s of %s: %w", action, object, err)
	}
	if _, err := tx.Exec(ctx, sqlAuditLock, pgx.NamedArgs{"lock": int64(auditLock)}); err != nil {
		return fmt.Errorf("audit %s of %s: %w", action, object, err)
	}
	var last auditRow
	err = tx.QueryRow(ctx, sqlAuditLast).Scan(&last.ID, &last.Hash)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("audit %s of %s: %w", action, object, err)
	}
	row := auditRow{ID: last.ID + 1, At: now.Truncate(time.Microsecond), Actor: cause.Actor, Action: action, Object: object}
	row.Digest = s.keys.auditDigest(row.ID, string(detail))
	row.Hash = s.keys.auditHash(last.Hash, row)
	return s.appendAudit(ctx, tx, row, string(detail))
}

func (s *Store) appendAudit(ctx context.Context, tx pgx.Tx, row auditRow, detail string) error {
	args := pgx.NamedArgs{
		"id": row.ID, "at": row.At, "actor": row.Actor, "action": row.Action, "object": row.Object,
		"digest": row.Digest, "hash": row.Hash, "detail": detail,
		"head": auditHead{ID: row.ID, MAC: s.keys.auditMark(row.ID, row.Hash)},
	}
	for _, sql := range []string{sqlAudit, sqlAuditDetail, sqlAuditHead} {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return fmt.Errorf("audit %s of %s: %w", row.Action, row.Object, err)
		}
	}
	return nil
}

const sqlAuditPage = `
	SELECT a.id, a.at, a.actor_id AS actor, a.action, a.object, coalesce(d.detail, '') AS detail
	FROM audit a LEFT JOIN audit_detail d ON d.audit_id = a.id
	WHERE @before::bigint = 0 OR a.id < @before
	ORDER BY a.id DESC LIMIT @limit`

// AuditLog returns the newest entries below the id before (0: from the end),
// newest first, at most limit.
func (s *Store) AuditLog(ctx context.Context, before int64, limit int) ([]AuditEntry, error) {
	rows, err := s.pool.Query(ctx, sqlAuditPage, pgx.NamedArgs{"before": before, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("storage: reading the audit log: %w", mapError(err))
	}
	entries, err := pgx.CollectRows(rows, pgx.RowToStructByName[AuditEntry])
	if err != nil {
		return nil, fmt.Errorf("storage: reading the audit log: %w", mapError(err))
	}
	return entries, nil
}

// AuditFaultKind says what is wrong with the log at one id.
type AuditFaultKind string

// What VerifyAudit finds.
const (
	AuditMissing AuditFaultKind = "missing" // the entry is gone
	AuditChanged AuditFaultKind = "changed" // the entry is not what was written, or the one before it is not
	AuditDetail  AuditFaultKind = "detail"  // its detail is not what was written
)

// AuditFault is one place where the log was tampered with.
type AuditFault struct {
	ID   int64
	Kind AuditFaultKind
}

// AuditReport is what VerifyAudit found. Hash is the last entry's: written
// down elsewhere, it proves later that the log was not rewritten.
type AuditReport struct {
	Entries int64
	Erased  int64 // details erased, which is allowed
	Hash    []byte
	Faults  []AuditFault
}

const sqlAuditAll = `
	SELECT a.id, a.at, a.actor_id, a.action, a.object, a.digest, a.hash, d.detail
	FROM audit a LEFT JOIN audit_detail d ON d.audit_id = a.id ORDER BY a.id`

const sqlAuditHeadRead = `SELECT value FROM setting WHERE key = 'audit_head'`

// VerifyAudit reads the whole log, recomputes its chain and returns every place
// that does not fit. The error is only about reading.
func (s *Store) VerifyAudit(ctx context.Context) (AuditReport, error) {
	var report AuditReport
	err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly},
		func(tx pgx.Tx) (err error) {
			report, err = s.keys.verifyAudit(ctx, tx)
			return err
		})
	if err != nil {
		return AuditReport{}, fmt.Errorf("storage: verifying the audit log: %w", mapError(err))
	}
	return report, nil
}

func (k keys) verifyAudit(ctx context.Context, tx pgx.Tx) (AuditReport, error) {
	var report AuditReport
	var last, row auditRow
	var detail *string
	rows, err := tx.Query(ctx, sqlAuditAll)
	if err != nil {
		return report, err
	}
	into := []any{&row.ID, &row.At, &row.Actor, &row.Action, &row.Object, &row.Digest, &row.Hash, &detail}
	_, err = pgx.ForEachRow(rows, into, func() error {
		for id := last.ID + 1; id < row.ID; id++ {
			report.Faults = append(report.Faults, AuditFault{ID: id, Kind: AuditMissing})
		}
		if !hmac.Equal(row.Hash, k.auditHash(last.Hash, row)) {
			report.Faults = append(report.Faults, AuditFault{ID: row.ID, Kind: AuditChanged})
		}
		switch {
		case detail == nil:
			report.Erased++
		case !hmac.Equal(row.Digest, k.auditDigest(row.ID, *detail)):
			report.Faults = append(report.Faults, AuditFault{ID: row.ID, Kind: AuditDetail})
		}
		report.Entries++
		last = row
		last.Hash = append([]byte(nil), row.Hash...)
		return nil
	})
	if err != nil {
		return report, err
	}
	report.Hash = last.Hash
	return k.verifyHead(ctx, tx, last, report)
}

// verifyHead notices entries cut off at the end, and a mark that was removed.
func (k keys) verifyHead(ctx context.Context, tx pgx.Tx, last auditRow, report AuditReport) (AuditReport, error) {
	var head auditHead
	err := tx.QueryRow(ctx, sqlAuditHeadRead).Scan(&head)
	if errors.Is(err, pgx.ErrNoRows) && last.ID == 0 {
		return report, nil
	}
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return report, err
	}
	for id := last.ID + 1; id <= head.ID; id++ {
		report.Faults = append(report.Faults, AuditFault{ID: id, Kind: AuditMissing})
	}
	if head.ID <= last.ID && !hmac.Equal(head.MAC, k.auditMark(last.ID, last.Hash)) {
		report.Faults = append(report.Faults, AuditFault{ID: last.ID, Kind: AuditChanged})
	}
	return report, nil
}

// auditRow is an entry as the chain sees it.
type auditRow struct {
	ID     int64
	At     time.Time
	Actor  int64
	Action string
	Object string
	Digest []byte
	Hash   []byte
}

// auditDigest binds a detail to its entry: HMAC, so that a short detail cannot
// be guessed from its digest once it was erased.
func (k keys) auditDigest(id int64, detail string) []byte {
	mac := hmac.New(sha256.New, k.audit)
	mac.Write([]byte("detail"))
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(id)))
	mac.Write([]byte(detail))
	return mac.Sum(nil)
}

// auditHash chains an entry to the one before; texts carry their lengths, so
// that none can be moved into its neighbour.
func (k keys) auditHash(previous []byte, row auditRow) []byte {
	b := []byte("entry")
	b = appendField(b, previous)
	b = binary.BigEndian.AppendUint64(b, uint64(row.ID))
	b = binary.BigEndian.AppendUint64(b, uint64(row.At.UnixMicro()))
	b = binary.BigEndian.AppendUint64(b, uint64(row.Actor))
	b = appendField(b, []byte(row.Action))
	b = appendField(b, []byte(row.Object))
	b = appendField(b, row.Digest)
	mac := hmac.New(sha256.New, k.audit)
	mac.Write(b)
	return mac.Sum(nil)
}

// auditMark signs where the log ends.
func (k keys) auditMark(id int64, hash []byte) []byte {
	mac := hmac.New(sha256.New, k.audit)
	mac.Write([]byte("head"))
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(id)))
	mac.Write(hash)
	return mac.Sum(nil)
}

func appendField(b, field []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(len(field)))
	return append(b, field...)
}
