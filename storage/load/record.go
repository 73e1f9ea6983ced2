package load

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// maxRecorded is how many changes the audit log keeps one by one; of all of
// them it keeps the digest.
const maxRecorded = 2000

// recorded is what the audit log keeps of an application.
type recorded struct {
	Files   []string         `json:"files"`
	Added   map[Kind]int     `json:"added,omitempty"`
	Changed map[Kind]int     `json:"changed,omitempty"`
	Changes []recordedChange `json:"changes"`
	Digest  string           `json:"digest"` // SHA-256 over all changes
}

type recordedChange struct {
	Kind   Kind            `json:"kind"`
	Code   string          `json:"code"`
	Added  bool            `json:"added,omitempty"`
	Fields []recordedField `json:"fields,omitempty"`
}

type recordedField struct {
	Name   string `json:"name"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// record makes the log's entry. Of people it names what changed, not the
// values: the log outlives what may be known about them.
func record(files Files, changes []Change) recorded {
	r := recorded{Files: files.Names(), Added: map[Kind]int{}, Changed: map[Kind]int{}}
	hash := sha256.New()
	encoder := json.NewEncoder(hash)
	for _, c := range changes {
		out := recordedChange{Kind: c.Kind, Code: c.Code, Added: c.Added}
		for _, f := range c.Fields {
			if c.Kind == People {
				f.Before, f.After = "", ""
			}
			out.Fields = append(out.Fields, recordedField{f.Name, f.Before, f.After})
		}
		_ = encoder.Encode(out) // strings into a hash: neither fails
		if c.Added {
			r.Added[c.Kind]++
		} else {
			r.Changed[c.Kind]++
		}
		if len(r.Changes) < maxRecorded {
			r.Changes = append(r.Changes, out)
		}
	}
	r.Digest = hex.EncodeToString(hash.Sum(nil))
	return r
}
