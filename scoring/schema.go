package scoring

import (
	"encoding/json"
	"slices"
)

// JSONSchema returns a JSON Schema (2020-12) of scheme files, for completion
// and first checks in editors. It is made from the same lists the reader goes
// by; what only the whole file can tell, Check finds.
func JSONSchema() []byte {
	defs := jsonRow{}
	for _, block := range blocks() {
		if block != "scheme" {
			defs = append(defs, jsonField{block, blockSchema(block)})
		}
	}
	root := append(jsonRow{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "Pingyi scheme"}}, blockSchema("scheme")...)
	root = append(root, jsonField{"$defs", defs})
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil // only strings and maps of ours are encoded
	}
	return append(out, '\n')
}

// blocks lists the blocks of the language.
func blocks() []string {
	return []string{"scheme", "param", "scale", "panel", "indicator", "entry", "kind", "part", "survey", "values", "value_rule", "ledger", "attribute",
		"take", "rank_of", "level", "contest", "strength", "pick", "periods", "each", "bound", "missing", "label", "step", "late", "weights",
		"rank", "veto", "grade", "award", "payout", "pool", "consequence"}
}

func blockSchema(block string) jsonRow {
	properties := jsonRow{}
	for _, key := range keysOf(block) {
		properties = append(properties, jsonField{key, keySchema(block, key)})
	}
	out := jsonRow{{"type", "object"}, {"additionalProperties", false}, {"properties", properties}}
	if block == "scheme" {
		out = append(out, jsonField{"required", []string{"scheme", "kinds"}})
	}
	return out
}

func ref(block string) jsonRow { return jsonRow{{"$ref", "#/$defs/" + block}} }

func either(shapes ...any) jsonRow { return jsonRow{{"anyOf", shapes}} }

func listOfSchema(item any) jsonRow { return jsonRow{{"type", "array"}, {"items", item}} }

func mapOfSchema(value any) jsonRow {
	return jsonRow{{"type", "object"}, {"additionalProperties", value}}
}

// Shapes of single values. A parameter may stand wherever one of them does.
func scalar() jsonRow { return jsonRow{{"type", []string{"string", "number", "boolean"}}} }
func words() jsonRow  { return either(scalar(), listOfSchema(scalar())) }

func choice(options ...string) jsonRow {
	return either(jsonRow{{"enum", options}}, jsonRow{{"type", []string{"string", "boolean"}}, {"pattern", `^\$`}})
}

// keySchema is the shape of one key of a block.
func keySchema(block, key string) any {
	numbers := mapOfSchema(scalar())
	switch key {
	case "title", "note":
		return either(jsonRow{{"type", "string"}}, mapOfSchema(jsonRow{{"type", "string"}}))
	case "grades":
		return listOfSchema(ref("grade"))
	case "awards":
		return listOfSchema(ref("award"))
	case "payouts":
		return listOfSchema(ref("payout"))
	case "consequences":
		return listOfSchema(ref("consequence"))
	case "steps":
		return listOfSchema(ref("step"))
	case "words", "give":
		return numbers
	case "choices", "subjects", "show", "break", "relation", "stratum", "only", "unknown", "code", "kinds", "categories", "indicators":
		if block != "scheme" {
			return words()
		}
	}
	if shape, ok := blockKeySchema(block, key); ok {
		return shape
	}
	if options := optionsOf(block, key); len(options) > 0 {
		return choice(options...)
	}
	return scalar()
}

// blockKeySchema are the shapes that depend on where a key stands.
func blockKeySchema(block, key string) (any, bool) {
	numbers := mapOfSchema(scalar())
	parts := mapOfSchema(either(scalar(), ref("part")))
	switch block + "." + key {
	case "scheme.params":
		return mapOfSchema(either(scalar(), ref("param"))), true
	case "scheme.tables":
		return mapOfSchema(mapOfSchema(either(scalar(), numbers))), true
	case "scheme.scales":
		return mapOfSchema(ref("scale")), true
	case "scheme.panels":
		return mapOfSchema(either(ref("panel"), jsonRow{{"type", "null"}})), true
	case "scheme.indicators":
		return either(listOfSchema(scalar()), mapOfSchema(either(ref("indicator"), jsonRow{{"type", []string{"string", "null"}}}))), true
	case "scheme.ledger":
		return mapOfSchema(either(choice("signed", "add", "subtract", "none"), ref("entry"))), true
	case "scheme.kinds":
		return mapOfSchema(ref("kind")), true
	case "scale.points", "entry.levels":
		return numbers, true
	case "panel.items", "survey.items", "survey.panel", "periods.each", "pick.from", "contest.parts":
		return words(), true
	case "kind.attributes":
		return mapOfSchema(choice("word", "number", "subject")), true
	case "kind.parts":
		return parts, true
	case "kind.rank":
		return either(jsonRow{{"const", "none"}}, ref("rank")), true
	case "kind.veto":
		return ref("veto"), true
	case "part.survey", "part.values", "part.attribute":
		return either(scalar(), ref(key)), true
	case "part.ledger", "part.take", "part.rank_of", "part.level", "part.contest", "part.strength", "part.pick", "part.periods", "part.each":
		return ref(key), true
	case "part.cases":
		return parts, true
	case "part.floor", "part.cap":
		return either(scalar(), ref("bound"), listOfSchema(either(scalar(), ref("bound")))), true
	case "part.missing":
		return either(scalar(), ref("missing"), listOfSchema(either(scalar(), ref("missing")))), true
	case "part.labels":
		return listOfSchema(ref("label")), true
	case "part.weights", "values.weights":
		return either(scalar(), ref("weights"), numbers), true
	case "survey.weights", "survey.min_each", "periods.weights", "payout.shares":
		return either(scalar(), numbers), true
	case "payout.prizes":
		return either(ref("weights"), numbers), true
	case "payout.pool":
		return either(scalar(), ref("pool")), true
	case "values.rules":
		return mapOfSchema(ref("value_rule")), true
	case "values.late", "value_rule.late":
		return either(scalar(), ref("late")), true
	}
	if block == "part" && slices.Contains(combining(), key) {
		return either(parts, listOfSchema(scalar())), true
	}
	return nil, false
}

// optionsOf are the words a key may take.
func optionsOf(block, key string) []string {
	switch block + "." + key {
	case "panel.once":
		return []string{"respondent", "device", "none"}
	case "panel.keep":
		return []string{"latest", "first", "all"}
	case "entry.points":
		return []string{"signed", "add", "subtract", "none"}
	case "entry.approval":
		return []string{"refusable", "required"}
	case "survey.aggregate":
		return []string{"items", "persons", "answers"}
	case "survey.by":
		return []string{"relation", "stratum", "panel", "respondent"}
	case "survey.own":
		return []string{"included", "excluded"}
	case "survey.combine":
		return []string{"mean", "pooled"}
	case "values.score", "value_rule.score":
		return []string{"mark", "completion", "reached", "steps", "deadline", "error_rate", "position"}
	case "values.better", "value_rule.better":
		return []string{"higher", "lower"}
	case "values.rows", "value_rule.rows":
		return []string{"sum", "mean", "latest", "first", "min", "max"}
	case "values.combine":
		return []string{"mean", "sum", "weighted_mean", "weighted_sum", "min", "max", "product"}
	case "ledger.take":
		return []string{"points", "plus", "minus", "count"}
	case "ledger.highest_per":
		return []string{"none", "matter", "category"}
	case "take.by":
		return []string{"mean", "sum", "min", "max", "count", "sd", "median"}
	case "level.method":
		return []string{"ratio", "shift", "zscore"}
	case "periods.combine":
		return []string{"mean", "sum", "weighted_mean", "min", "max", "latest", "count", "change"}
	case "each.column":
		return []string{"source", "category"}
	case "rank.ties", "rank_of.ties":
		return []string{"competition", "dense", "broken"}
	case "grade.ties", "award.ties":
		return []string{"include", "exclude", "chain"}
	case "payout.ties":
		return []string{"full", "split"}
	case "payout.cents":
		return []string{"by_level", "once"}
	case "veto.blocks":
		return []string{"grade_and_rank", "prize"}
	case "strength.scale":
		return []string{"sum_zero", "first_zero"}
	}
	return nil
}
