package survey

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"maps"
	"math/big"
	"slices"
)

// Rank returns what orders people and subjects in every drawing: sha256(seed ‖ 0x00 ‖ code). The
// store computes the same in SQL.
func Rank(seed []byte, code string) [32]byte {
	h := sha256.New()
	h.Write(seed)
	h.Write([]byte{0})
	h.Write([]byte(code))
	return [32]byte(h.Sum(nil))
}

// Shuffle returns the codes in the order of their ranks, whatever order they come in.
func Shuffle(seed []byte, codes []string) []string {
	ranks := make(map[string][32]byte, len(codes))
	for _, c := range codes {
		ranks[c] = Rank(seed, c)
	}
	shuffled := slices.Clone(codes)
	slices.SortFunc(shuffled, func(a, b string) int {
		ra, rb := ranks[a], ranks[b]
		return cmp.Or(bytes.Compare(ra[:], rb[:]), cmp.Compare(a, b))
	})
	return shuffled
}

// Allocate divides size places over strata in proportion to their sizes by largest remainder
// (Hamilton's method): each gets the whole part of its share, and what is left goes to the largest
// remainders, equal ones by the stratum's name. All places are given as long as there are people for
// them; no stratum gets more than it has.
func Allocate(size int, strata map[string]int) map[string]int {
	total := 0
	for _, n := range strata {
		total += n
	}
	size = max(0, min(size, total))
	places := make(map[string]int, len(strata))
	if total == 0 {
		return places
	}
	names := slices.Sorted(maps.Keys(strata))
	remainder := make(map[string]*big.Int, len(strata))
	left := size
	for _, name := range names {
		share := new(big.Int).Mul(big.NewInt(int64(size)), big.NewInt(int64(strata[name])))
		whole, rest := share.QuoRem(share, big.NewInt(int64(total)), new(big.Int))
		places[name], remainder[name] = int(whole.Int64()), rest
		left -= places[name]
	}
	slices.SortStableFunc(names, func(a, b string) int { return remainder[b].Cmp(remainder[a]) })
	for _, name := range names[:left] {
		places[name]++
	}
	return places
}

// Candidate is somebody who can be drawn into a sample.
type Candidate struct {
	Code    string // unique
	Stratum string
}

// Sample draws size candidates, stratified in proportion, and returns their codes in the order of
// their ranks. It depends on the seed and the candidates only, not on their order; where there are
// no more than size, all are drawn.
func Sample(seed []byte, size int, candidates []Candidate) []string {
	strata := make(map[string]int)
	stratum := make(map[string]string, len(candidates))
	codes := make([]string, 0, len(candidates))
	for _, c := range candidates {
		strata[c.Stratum]++
		stratum[c.Code] = c.Stratum
		codes = append(codes, c.Code)
	}
	places := Allocate(size, strata)
	drawn := make([]string, 0, min(max(0, size), len(candidates)))
	for _, code := range Shuffle(seed, codes) {
		if places[stratum[code]] > 0 {
			places[stratum[code]]--
			drawn = append(drawn, code)
		}
	}
	return drawn
}

// DrawSubjects draws n subjects for each respondent so that each subject is drawn about equally
// often: both are put in the order of their ranks, respondent r starts at place r·n of the circle of
// subjects and takes the first n that are eligible. Where all are eligible, no subject is drawn more
// than once oftener than another. The subjects of each respondent are in the order drawn; eligible
// may be nil.
func DrawSubjects(seed []byte, respondents, subjects []string, n int, eligible func(respondent, subject string) bool) map[string][]string {
	drawn := make(map[string][]string, len(respondents))
	circle := Shuffle(seed, subjects)
	for r, respondent := range Shuffle(seed, respondents) {
		for k := range circle {
			subject := circle[(r*n+k)%len(circle)]
			if len(drawn[respondent]) == n {
				break
			}
			if eligible == nil || eligible(respondent, subject) {
				drawn[respondent] = append(drawn[respondent], subject)
			}
		}
	}
	return drawn
}
