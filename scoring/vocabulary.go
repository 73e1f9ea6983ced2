package scoring

import "slices"

// keysOf lists the keys of each block of the language. It is the one list: the
// reader, the suggestions for misspelt keys and the JSON Schema go by it.
func keysOf(block string) []string {
	switch block {
	case "scheme":
		return []string{"scheme", "version", "title", "note", "decimals", "params", "tables", "scales", "panels", "indicators", "ledger", "kinds"}
	case "param":
		return []string{"value", "choices", "title"}
	case "scale":
		return []string{"points", "unknown", "from", "to"}
	case "panel":
		return []string{"title", "scale", "items", "once", "keep", "answered", "min"}
	case "indicator":
		return []string{"title"}
	case "entry":
		return []string{"points", "approval", "levels", "title"}
	case "kind":
		return []string{"title", "note", "subjects", "attributes", "parts", "total", "rank", "veto", "grades", "awards", "payouts", "consequences"}
	case "part":
		return slices.Concat(ruleKeys(), []string{"title", "note", "weight", "weights", "adds_up_to", "missing_parts", "trim", "best",
			"cases", "when", "steps", "full", "floor", "cap", "round", "periods", "each", "missing", "labels", "show", "hidden"})
	case "survey":
		return []string{"panel", "relation", "stratum", "items", "scale", "aggregate", "by", "weights", "min", "min_each", "own", "trim", "centred", "combine"}
	case "values":
		return append(valueRuleKeys(), "code", "period", "combine", "weights", "rules")
	case "value_rule":
		return valueRuleKeys()
	case "ledger":
		return []string{"kinds", "categories", "indicators", "base", "take", "highest_per"}
	case "attribute":
		return []string{"name", "words", "steps", "otherwise"}
	case "take":
		return []string{"part", "of", "by", "kind", "weighted_by"}
	case "rank_of":
		return []string{"part", "within", "ties", "order", "break"}
	case "level":
		return []string{"part", "within", "method"}
	case "contest":
		return []string{"with", "parts", "draw", "give"}
	case "strength":
		return []string{"scale", "digits"}
	case "pick":
		return []string{"highest", "lowest", "from"}
	case "periods":
		return []string{"each", "where", "combine", "weights", "missing"}
	case "each":
		return []string{"column", "only", "combine", "missing"}
	case "bound":
		return []string{"value", "when"}
	case "missing":
		return []string{"use", "over", "when"}
	case "label":
		return []string{"label", "title", "when"}
	case "step":
		return []string{"from", "above", "up_to", "below", "gives"}
	case "late":
		return []string{"factor", "points"}
	case "weights":
		return []string{"table", "by"}
	case "rank":
		return []string{"by", "within", "ties", "order", "break", "when"}
	case "veto":
		return []string{"when", "grade", "blocks"}
	case "grade":
		return append(placeKeys(), "grade")
	case "award":
		return append(placeKeys(), "award")
	case "payout":
		return []string{"payout", "title", "pool", "by", "over", "split", "shares", "prizes", "within", "ties", "when", "cents"}
	case "pool":
		return []string{"of", "payout"}
	case "consequence":
		return []string{"consequence", "title", "when"}
	}
	return nil
}

func placeKeys() []string {
	return []string{"title", "from", "above", "on", "decimals", "places", "share", "at_least", "by", "order", "break", "within", "ties", "when", "vacant"}
}

func valueRuleKeys() []string {
	return []string{"score", "better", "cap", "floor", "words", "steps", "steps_on", "strict", "late", "rows"}
}

// combining are the rules whose operand is a map of parts.
func combining() []string {
	return []string{"weighted_mean", "weighted_sum", "mean", "sum", "product", "min", "max", "best_of", "first_of"}
}

// ruleKeys are the keys of which a part has exactly one.
func ruleKeys() []string {
	return append(combining(), "survey", "values", "ledger", "attribute", "constant", "formula", "take", "rank_of",
		"level", "contest", "strength", "pick", "choose")
}
