package load

import (
	"slices"
	"strings"
)

// link is one step up: from a code to the one above it, and where a file says
// so (nowhere: it stands in the database).
type link struct {
	to string
	at place
}

// checkCircles reports circles of steps up, each of which may lead to several:
// a walk in depth without recursion, for a chain may be as long as the file.
func (s *set) checkCircles(above map[string][]link, code string) {
	const onPath, done = 1, 2
	state := make(map[string]int, len(above))
	for _, start := range sortedKeys(above) {
		if state[start] != 0 {
			continue
		}
		path, next := []string{start}, []int{0}
		state[start] = onPath
		for len(path) > 0 {
			top := len(path) - 1
			links := above[path[top]]
			if next[top] == len(links) {
				state[path[top]] = done
				path, next = path[:top], next[:top]
				continue
			}
			l := links[next[top]]
			next[top]++
			switch state[l.to] {
			case 0:
				state[l.to] = onPath
				path, next = append(path, l.to), append(next, 0)
			case onPath:
				s.circleAt(above, append(path[slices.Index(path, l.to):len(path):len(path)], l.to), code)
			}
		}
	}
}

// circleAt reports a circle at its first step that a file says.
func (s *set) circleAt(above map[string][]link, path []string, code string) {
	for i, c := range path[:len(path)-1] {
		for _, l := range above[c] {
			if l.to == path[i+1] && l.at.file != "" {
				s.faultAt(l.at, code, args{"Path": strings.Join(path, " → ")})
				return
			}
		}
	}
}
