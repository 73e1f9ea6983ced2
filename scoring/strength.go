package scoring

import (
	"math"
	"math/big"
	"strconv"
)

// strengthRule gives Bradley-Terry strengths from pairs.csv: the logarithms θ
// for which Σ wins − Σ n·σ(θi−θj) = 0. They are not rational: they are found by
// Newton's method in floating point and rounded to the digits stated. Without
// a chain of wins from each to each there is no finite answer, and the part is
// missing.
type strengthRule struct {
	first  bool // the first unit by code is 0; otherwise the sum is 0
	digits int
}

func (r *strengthRule) name() string   { return "strength" }
func (r *strengthRule) needs() []*part { return nil }

func (r *strengthRule) compute(c *computation, p *part, _ scope) []*Cell {
	n := len(c.subjects[p.kind])
	if len(c.data.Pairs) == 0 { // spare the table of all against all
		return r.cells(nil, make([][]float64, n), nil, false)
	}
	wins := make([][]float64, n)
	for i := range wins {
		wins[i] = make([]float64, n)
	}
	exact := make([][]*big.Rat, n)
	for i := range exact {
		exact[i] = make([]*big.Rat, n)
	}
	for _, pair := range c.data.Pairs {
		a, okA := c.place[pair.Winner]
		b, okB := c.place[pair.Loser]
		if !okA || !okB || a.kind != p.kind || b.kind != p.kind {
			continue
		}
		w := pair.Weight
		if w == nil {
			w = rat(1)
		}
		exact[a.index][b.index] = new(big.Rat).Add(orZero(exact[a.index][b.index]), w)
	}
	for i := range exact {
		for j, w := range exact[i] {
			if w != nil {
				wins[i][j], _ = w.Float64() // summed exactly first: no order of rows shows
			}
		}
	}
	theta, ok := bradleyTerry(wins)
	return r.cells(c.subjects[p.kind], wins, theta, ok)
}

func (r *strengthRule) cells(names []*Subject, wins [][]float64, theta []float64, ok bool) []*Cell {
	out := make([]*Cell, len(wins))
	shift := 0.0
	if ok && r.first && len(theta) > 0 {
		shift = theta[0]
	}
	for i := range out {
		out[i] = &Cell{Trace: &Trace{}}
		if !ok {
			out[i].line("strength_open")
			continue
		}
		v, _ := new(big.Rat).SetString(strconv.FormatFloat(theta[i]-shift, 'f', r.digits, 64))
		out[i].State, out[i].Value = Present, v
	}
	if ok {
		for i := range out {
			r.tell(names, wins, out, i)
		}
	}
	return out
}

// tell shows what anyone can check a strength by: against each opponent the
// wins, and those the strengths let expect; over all opponents they are equal.
func (r *strengthRule) tell(names []*Subject, wins [][]float64, out []*Cell, i int) {
	short := func(f float64) string { return strconv.FormatFloat(f, 'g', 10, 64) }
	own, _ := out[i].Value.Float64()
	won, lost, expected := 0.0, 0.0, 0.0
	for j := range wins {
		games := wins[i][j] + wins[j][i]
		if j == i || games == 0 {
			continue
		}
		other, _ := out[j].Value.Float64()
		likely := games / (1 + math.Exp(other-own))
		won, lost, expected = won+wins[i][j], lost+wins[j][i], expected+likely
		out[i].line("strength_pair", "Subject", names[j].Code, "Won", short(wins[i][j]), "Games", short(games),
			"Other", keyed(out[j].Value), "Own", keyed(out[i].Value), "Value", strconv.FormatFloat(likely, 'f', 6, 64))
	}
	out[i].line("strength", "Won", short(won), "Lost", short(lost), "Expected", strconv.FormatFloat(expected, 'f', 6, 64),
		"Digits", r.digits, "Stated", FormatNumber(out[i].Value, r.digits), "Value", out[i].Value)
}

// bradleyTerry maximises the likelihood with Σθ = 0.
func bradleyTerry(wins [][]float64) ([]float64, bool) {
	n := len(wins)
	if n == 0 || !stronglyConnected(wins) {
		return nil, false
	}
	theta := make([]float64, n)
	for range 200 {
		gradient, hessian := slope(wins, theta)
		step := solve(hessian, gradient)
		largest := 0.0
		for i := range theta {
			largest = max(largest, math.Abs(step[i]))
		}
		damp := min(1, 2/max(largest, 1e-300)) // a wild first step is held back
		for i := range theta {
			theta[i] += damp * step[i]
		}
		if largest < 1e-15 {
			break
		}
	}
	mean := 0.0
	for _, t := range theta {
		mean += t / float64(n)
	}
	for i := range theta {
		theta[i] -= mean
	}
	return theta, true
}

// slope is the gradient and the negative Hessian, made regular by adding the
// constraint Σθ = 0.
func slope(wins [][]float64, theta []float64) (gradient []float64, hessian [][]float64) {
	n := len(wins)
	gradient, hessian = make([]float64, n), make([][]float64, n)
	for i := range hessian {
		hessian[i] = make([]float64, n)
		for j := range hessian[i] {
			hessian[i][j] = 1
		}
	}
	for i := range n {
		for j := range n {
			games := wins[i][j] + wins[j][i]
			if i == j || games == 0 {
				continue
			}
			q := 1 / (1 + math.Exp(theta[j]-theta[i]))
			gradient[i] += wins[i][j] - games*q
			h := games * q * (1 - q)
			hessian[i][i] += h
			hessian[i][j] -= h
		}
	}
	return gradient, hessian
}

// solve is Gaussian elimination with row exchange; a is overwritten.
func solve(a [][]float64, b []float64) []float64 {
	n := len(a)
	x := make([]float64, n)
	copy(x, b)
	for col := range n {
		pivot := col
		for row := col + 1; row < n; row++ {
			if math.Abs(a[row][col]) > math.Abs(a[pivot][col]) {
				pivot = row
			}
		}
		a[col], a[pivot] = a[pivot], a[col]
		x[col], x[pivot] = x[pivot], x[col]
		for row := col + 1; row < n; row++ {
			f := a[row][col] / a[col][col]
			for k := col; k < n; k++ {
				a[row][k] -= f * a[col][k]
			}
			x[row] -= f * x[col]
		}
	}
	for row := n - 1; row >= 0; row-- {
		for k := row + 1; k < n; k++ {
			x[row] -= a[row][k] * x[k]
		}
		x[row] /= a[row][row]
	}
	return x
}

// stronglyConnected tells whether wins lead from each to each.
func stronglyConnected(wins [][]float64) bool {
	for _, won := range []bool{true, false} {
		seen, queue := make([]bool, len(wins)), []int{0}
		seen[0] = true
		for len(queue) > 0 {
			i := queue[0]
			queue = queue[1:]
			for j := range wins {
				if w := wins[i][j]; !won {
					w = wins[j][i]
					if w > 0 && !seen[j] {
						seen[j], queue = true, append(queue, j)
					}
				} else if w > 0 && !seen[j] {
					seen[j], queue = true, append(queue, j)
				}
			}
		}
		for _, ok := range seen {
			if !ok {
				return false
			}
		}
	}
	return true
}
