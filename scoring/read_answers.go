package scoring

// answers reads answers.csv: rows of one id make one response, wherever they
// stand in the file; the columns that describe the response must agree.
func (r *folderReader) answers(src []byte) {
	t := r.table(fileAnswers, src, must("id"), must("panel"), may("respondent"), must("subject"), must("item"), must("value"),
		may("period"), may("relation"), may("status"), may("submitted_at"), may("stratum"), may("device"), may("count"))
	var sheets []Response
	byID := map[string]int{}
	statuses := map[string]bool{}
	for t.next() {
		s := Response{ID: t.needed("id"), Panel: t.needed("panel"), Respondent: t.text("respondent"), Subject: t.text("subject"),
			Period: t.text("period"), Relation: t.text("relation"), Status: t.text("status"), Submitted: t.text("submitted_at"),
			Stratum: t.text("stratum"), Device: t.text("device"), Count: t.count("count")}
		if s.ID == "" {
			continue
		}
		if s.Status != "" {
			statuses[s.Status] = true
		}
		at, known := byID[s.ID]
		if !known {
			at = len(sheets)
			r.newSheet(t, s)
			s.Line = t.line()
			sheets = append(sheets, s)
			byID[s.ID] = at
		} else {
			sameSheet(t, sheets[at], s)
		}
		r.answer(t, &sheets[at])
	}
	for _, s := range sheets {
		r.data.Ballots.Add(s)
	}
	if len(statuses) > 0 && !statuses["valid"] {
		r.notices = append(r.notices, Notice{File: fileAnswers, Code: "scoring.notice.no_valid_status"})
	}
}

// newSheet checks what is checked once per response.
func (r *folderReader) newSheet(t *table, s Response) {
	if s.Subject == "" {
		t.fault("subject", "scoring.fault.field_empty", nil)
	}
	r.listed(t, "subject")
	if _, ok := parseTime(s.Submitted); !ok {
		t.fault("submitted_at", "scoring.fault.not_time", map[string]any{"Got": s.Submitted})
	}
}

// answer adds the row's item; an item given twice in one response is a fault.
func (r *folderReader) answer(t *table, s *Response) {
	item := t.needed("item")
	for _, a := range s.Answers {
		if a.Item == item {
			t.fault("item", "scoring.fault.item_twice", map[string]any{"ID": s.ID, "Item": item})
			return
		}
	}
	s.Answers = append(s.Answers, Answer{Item: item, Value: t.text("value")})
}

// sameSheet reports the columns in which a further row of a response differs.
func sameSheet(t *table, first, now Response) {
	pairs := []struct{ column, was, is string }{
		{"panel", first.Panel, now.Panel}, {"respondent", first.Respondent, now.Respondent},
		{"subject", first.Subject, now.Subject}, {"period", first.Period, now.Period},
		{"relation", first.Relation, now.Relation}, {"status", first.Status, now.Status},
		{"submitted_at", first.Submitted, now.Submitted}, {"stratum", first.Stratum, now.Stratum},
		{"device", first.Device, now.Device},
	}
	for _, p := range pairs {
		if p.was != p.is {
			t.fault(p.column, "scoring.fault.sheet_differs", map[string]any{"ID": first.ID, "Was": p.was, "Got": p.is, "First": first.Line})
		}
	}
	if first.Count != now.Count {
		t.fault("count", "scoring.fault.sheet_differs", map[string]any{"ID": first.ID, "Was": first.Count, "Got": now.Count, "First": first.Line})
	}
}
