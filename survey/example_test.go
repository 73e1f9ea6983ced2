package survey_test

import (
	"fmt"
	"time"

	"pingyi/survey"
)

// Four hundred people are drawn in three districts: the shares are 207.1, 140.2 and 52.7, and the
// place left over goes to the largest remainder.
func ExampleAllocate() {
	places := survey.Allocate(400, map[string]int{"north": 2071, "south": 1402, "west": 527})
	fmt.Println(places["north"], places["south"], places["west"])
	// Output: 207 140 53
}

// A faulty file is reported once, with everything that is wrong in it.
func ExampleParseQuestionnaire() {
	_, faults := survey.ParseQuestionnaire("visit.yaml", []byte(`
questionnaire: visit
titel: Your visit
items:
  - code: helped
    kind: yesno
    text: Were you helped?
  - code: why
    kind: text
    text: What was missing?
    show_if: {helped: nope}
`))
	fmt.Println(faults.Error())
	// Output:
	// visit.yaml:2:1: survey.key_missing Key=title
	// visit.yaml:3:1: survey.key_near Key=titel Nearest=title
	// visit.yaml:11:23: survey.show_if_value Item=helped Known=yes, no Value=nope
}

// The round of a quarterly series that opens in January asks about the quarter before.
func ExampleFill() {
	due := time.Date(2027, time.January, 1, 9, 0, 0, 0, time.UTC)
	fmt.Println(survey.Fill("{yyyy}-Q{q}", survey.Span{Days: -1}.After(due)))
	// Output: 2026-Q4
}
