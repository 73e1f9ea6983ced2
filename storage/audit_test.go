package storage

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// writeAudit appends n entries, some of them at once.
func writeAudit(t *testing.T, s *Store, n int) {
	t.Helper()
	g, ctx := errgroup.WithContext(t.Context())
	for i := range n {
		g.Go(func() error {
			return s.tx(ctx, func(tx pgx.Tx) error {
				return s.audit(ctx, tx, testNow, Cause{Actor: int64(i)}, "round.extend", fmt.Sprintf("round:%d", i),
					map[string]int{"days": i}, map[string]int{"days": i + 1})
			})
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestAuditChain(t *testing.T) {
	t.Parallel()
	const unlocked = `ALTER TABLE audit DISABLE TRIGGER append_only; `
	tests := []struct {
		name   string
		tamper string
		want   AuditReport
	}{
		{"untouched", ``, AuditReport{Entries: 6}},
		{"detail erased", `DELETE FROM audit_detail WHERE audit_id = 3`, AuditReport{Entries: 6, Erased: 1}},
		{"detail changed", `UPDATE audit_detail SET detail = '{}' WHERE audit_id = 3`,
			AuditReport{Entries: 6, Faults: []AuditFault{{3, AuditDetail}}}},
		{"details exchanged", `UPDATE audit_detail d SET detail = o.detail FROM audit_detail o
			WHERE d.audit_id + o.audit_id = 7 AND d.audit_id IN (3, 4)`,
			AuditReport{Entries: 6, Faults: []AuditFault{{3, AuditDetail}, {4, AuditDetail}}}},
		{"actor changed", unlocked + `UPDATE audit SET actor_id = 99 WHERE id = 2`,
			AuditReport{Entries: 6, Faults: []AuditFault{{2, AuditChanged}}}},
		{"text moved to its neighbour", unlocked + `UPDATE audit SET action = 'round.extendr', object = substr(object, 2) WHERE id = 2`,
			AuditReport{Entries: 6, Faults: []AuditFault{{2, AuditChanged}}}},
		{"entry removed", unlocked + `DELETE FROM audit_detail WHERE audit_id = 4; DELETE FROM audit WHERE id = 4`,
			AuditReport{Entries: 5, Faults: []AuditFault{{4, AuditMissing}, {5, AuditChanged}}}},
		{"tail cut", unlocked + `DELETE FROM audit_detail WHERE audit_id > 4; DELETE FROM audit WHERE id > 4`,
			AuditReport{Entries: 4, Faults: []AuditFault{{5, AuditMissing}, {6, AuditMissing}}}},
		{"everything removed", unlocked + `DELETE FROM audit_detail; DELETE FROM audit`,
			AuditReport{Faults: []AuditFault{{1, AuditMissing}, {2, AuditMissing}, {3, AuditMissing},
				{4, AuditMissing}, {5, AuditMissing}, {6, AuditMissing}}}},
		{"tail cut and mark removed", unlocked + `DELETE FROM audit_detail WHERE audit_id > 5; DELETE FROM audit WHERE id > 5;
			DELETE FROM setting WHERE key = 'audit_head'`,
			AuditReport{Entries: 5, Faults: []AuditFault{{5, AuditChanged}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			writeAudit(t, s, 6)
			exec(t, s, tt.tamper)
			got, err := s.VerifyAudit(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got.Hash = nil
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAuditIsAppendOnly(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	writeAudit(t, s, 1)
	for _, sql := range []string{`UPDATE audit SET actor_id = 5`, `DELETE FROM audit`, `TRUNCATE audit CASCADE`} {
		if _, err := s.pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s went through", sql)
		}
	}
}

func TestAuditLogPages(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	ctx := context.WithoutCancel(t.Context())
	writeAudit(t, s, 5)
	page, err := s.AuditLog(ctx, 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := s.AuditLog(ctx, page[1].ID, 10)
	if err != nil {
		t.Fatal(err)
	}
	var ids []int64
	for _, e := range append(page, rest...) {
		ids = append(ids, e.ID)
		want := fmt.Sprintf(`{"after":{"days":%d},"before":{"days":%d}}`, e.Actor+1, e.Actor)
		if e.Detail != want || e.Action != "round.extend" || !e.At.Equal(testNow) {
			t.Errorf("entry %+v, want detail %s", e, want)
		}
	}
	if diff := cmp.Diff([]int64{5, 4, 3, 2, 1}, ids); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
}
