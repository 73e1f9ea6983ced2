package load

import "pingyi/storage"

// checkPeople reports what is wrong between the rows of one person, between
// people, and between people and the database.
func (s *set) checkPeople(h *standing, k known) {
	first := make(map[string]*person, len(s.people))
	for i := range s.people {
		p := &s.people[i]
		s.refers(p.place, p.unit, k.units, "load.unit_unknown")
		s.refers(p.place, p.manager, k.people, "load.person_unknown")
		for _, r := range p.roles {
			s.refers(p.place, r.unit, k.units, "load.unit_unknown")
		}
		s.refers(p.place, ref{p.district, p.at.district}, k.districts, "load.district_unknown")
		s.refers(p.place, ref{p.age, p.at.age}, k.ages, "load.age_unknown")
		if one, again := first[p.code]; again {
			s.checkRows(one, p)
		} else {
			first[p.code] = p
			if p.name == "" && h.people[p.code].Name == "" {
				s.faultAt(p.where(p.at.name), "load.cell_empty", args{"Column": "name"})
			}
		}
	}
	s.checkMemberships()
	s.checkManagers(h)
	s.checkAccounts(first, h)
}

func (p *person) where(at position) place { return place{p.file, at} }

// checkRows compares a further row of a person with the first: what belongs to
// the person must be the same in all rows or empty in the later ones.
func (s *set) checkRows(one, p *person) {
	differ := func(column string, at position, differs bool) {
		if differs {
			s.faultAt(p.where(at), "load.person_differs", args{"Column": column, "Code": p.code, "First": one.String()})
		}
	}
	differ("name", p.at.name, p.name != "" && p.name != one.name)
	differ("phone", p.at.phone, p.phone != "" && p.phone != one.phone)
	differ("telegram", p.at.telegram, p.account != 0 && p.account != one.account)
	differ("district", p.at.district, p.district != "" && one.district != "" && p.district != one.district)
	differ("age", p.at.age, p.age != "" && one.age != "" && p.age != one.age)
}

// checkMemberships reports rows that say the same capacity again.
func (s *set) checkMemberships() {
	type key struct {
		code string
		m    storage.MembershipRow
	}
	seen := make(map[key]place, len(s.people))
	for _, p := range s.people {
		k := key{p.code, p.membership}
		if first, again := seen[k]; again {
			s.faultAt(p.place, "load.twice", args{"Got": p.code, "First": first.String()})
			continue
		}
		seen[k] = p.place
	}
}

// checkManagers reports circles of managers. Somebody with several managers is
// followed up through each of them in turn.
func (s *set) checkManagers(h *standing) {
	above := make(map[string][]link, len(s.people))
	for _, p := range s.people {
		if p.manager.code == p.code && p.code != "" {
			s.faultAt(p.where(p.manager.at), "load.own_manager", args{"Got": p.code})
			continue
		}
		if p.manager.code != "" {
			above[p.code] = append(above[p.code], link{p.manager.code, p.where(p.manager.at)})
		}
	}
	listed := map[string]bool{}
	for _, p := range s.people {
		listed[p.code] = listed[p.code] || p.has["manager"]
	}
	for code, p := range h.people {
		for _, m := range p.Memberships {
			if m.Manager != "" && !listed[code] {
				above[code] = append(above[code], link{to: m.Manager})
			}
		}
	}
	s.checkCircles(above, "load.manager_cycle")
}

// checkAccounts reports Telegram accounts and phones that two people would
// share, and says where the file no longer decides.
func (s *set) checkAccounts(first map[string]*person, h *standing) {
	accounts, phones, moving := map[int64]string{}, map[string]string{}, map[string]bool{}
	for _, p := range s.people {
		moving[p.code] = moving[p.code] || p.phone != ""
	}
	for i := range s.people {
		p := &s.people[i]
		if first[p.code] != p {
			continue
		}
		if p.account != 0 {
			s.checkAccount(p, accounts[p.account], h)
			accounts[p.account] = p.code
		}
		if p.phone != "" {
			s.checkPhone(p, phones, moving, h)
		}
	}
}

// checkAccount looks at one account; other has it by an earlier row. Somebody
// who came by itself with the same account will become this person.
func (s *set) checkAccount(p *person, other string, h *standing) {
	at := p.where(p.at.telegram)
	if other == "" {
		if owner, taken := h.accounts[p.account]; taken && owner.Code != p.code && !owner.Enrolled {
			other = owner.Code
		}
	}
	switch standing := h.people[p.code]; {
	case standing.Released:
		s.notice(at, "load.telegram_released", args{"Code": p.code})
	case standing.TelegramID != 0 && standing.TelegramID != p.account:
		s.notice(at, "load.telegram_linked", args{"Code": p.code})
	case other != "":
		s.faultAt(at, "load.telegram_twice", args{"Got": p.account, "Code": other})
	}
}

// checkPhone turns a number into the hash under which it is kept, and reports
// one that is none or that somebody else has. Somebody outside the file keeps
// a number; inside it may move.
func (s *set) checkPhone(p *person, seen map[string]string, moving map[string]bool, h *standing) {
	at := p.where(p.at.phone)
	hash, err := h.hash(p.phone)
	if err != nil {
		s.faultAt(at, "load.phone", args{"Column": "phone", "Got": clip(p.phone)})
		return
	}
	p.phoneHash = hash
	other := seen[string(hash)]
	if owner := h.phones[string(hash)]; other == "" && owner != "" && owner != p.code && !moving[owner] {
		other = owner
	}
	if other != "" {
		s.faultAt(at, "load.phone_twice", args{"Code": other})
	}
	seen[string(hash)] = p.code
}
