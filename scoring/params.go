package scoring

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Param is a named parameter of a scheme. Wherever the scheme says $name, the
// value stands; Choices, where given, are the only values it may take.
type Param struct {
	Name    string
	Title   Text
	Value   string // the default
	Choices []string

	body *node // as written
}

// periodParam is the one parameter every scheme has: the run's own period.
const periodParam = "period"

// minimumParam begins the names of parameters that every scheme has as well:
// minimum.<panel> is the smallest group the panel's respondents were promised.
// It holds where the scheme itself says nothing of the panel's minimum.
const minimumParam = "minimum."

// paramFile names the source of parameters given to Compute in faults.
const paramFile = "--param"

// paramValues merges defaults, the data's params.csv and those given, and
// reports names that no parameter has and values that are not among the
// choices.
func (s *Scheme) paramValues(data *Data, given Params) (Params, Faults) {
	var faults Faults
	values := Params{}
	for _, p := range s.params {
		values[p.Name] = p.Value
	}
	for _, from := range []struct {
		file  string
		set   Params
		lines map[string]int
	}{{fileParams, data.Params, data.paramLines}, {paramFile, given, nil}} {
		wrong := func(name, code string, args map[string]any) {
			faults = append(faults, Fault{File: from.file, Line: from.lines[name], Code: "scoring.fault." + code, Args: args})
		}
		for _, name := range slices.Sorted(maps.Keys(from.set)) {
			value := from.set[name]
			if strings.HasPrefix(name, minimumParam) {
				if n, err := strconv.ParseInt(value, 10, 32); err != nil || n < 0 {
					wrong(name, "param_number", map[string]any{"Name": name, "Got": value})
				}
			} else if name != periodParam {
				if code, args := s.paramFault(name, value); code != "" {
					wrong(name, code, args)
					continue
				}
			} else if _, ok := parsePeriod(value); !ok && value != "" {
				wrong(name, "period", map[string]any{"Got": value})
			}
			values[name] = value
		}
	}
	return values, faults
}

// paramFault names what is wrong with a value of a parameter; no code: nothing.
func (s *Scheme) paramFault(name, value string) (code string, args map[string]any) {
	names := []string{periodParam}
	for _, p := range s.params {
		if p.Name != name {
			names = append(names, p.Name)
			continue
		}
		if len(p.Choices) > 0 && !slices.Contains(p.Choices, value) {
			return "param_choice", map[string]any{"Name": name, "Got": value, "Choices": strings.Join(p.Choices, ", ")}
		}
		_, number := ParseNumber(p.Value)
		if _, ok := ParseNumber(value); number && !ok && len(p.Choices) == 0 {
			return "param_number", map[string]any{"Name": name, "Got": value}
		}
		return "", nil
	}
	args = map[string]any{"Name": name, "Known": strings.Join(names, ", ")}
	if near := nearest(name, names); near != "" {
		args["Near"] = near
	}
	return "param_unknown", args
}
