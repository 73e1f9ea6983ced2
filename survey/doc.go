// Package survey is the domain of asking: questionnaires, rounds and their panels, who is drawn to
// answer about whom, and the conversation with one respondent.
//
// It is pure: it opens no file and no connection, reads no clock (the time is an argument) and keeps
// no state of its own. What a public body writes in YAML is read by [ParseQuestionnaire],
// [ParseRound], [ParseProject] and [ParseEvaluation]; each reports every fault at once, as data
// ([Fault]: a code, arguments, file, line and column), and words are added where people read them.
//
// # Texts
//
// A text is a plain string, or a mapping of languages to strings. The languages of a file are those
// it lists under languages, else those that occur in it; with more than one, every text with letters
// in it needs all of them.
//
// # Questionnaires
//
//	questionnaire: counter-service
//	languages: [zh-Hans, en]
//	title: {zh-Hans: 窗口服务评价, en: Counter service}
//	intro: …            # optional, as are minutes and the next
//	scales:             # shared by name, best level first; points fall evenly from 100 unless given
//	  five:
//	    - {label: {zh-Hans: 非常满意, en: Very satisfied}, points: 100}
//	    - …
//	items:
//	  - code: overall
//	    kind: rating    # score, number, single, multiple, yesno, text, matrix
//	    scale: five     # or levels: […]
//	    section: …      # title of the section that begins here
//	    text: …
//	    help: …
//	    required: true  # and dont_know, comment: all false unless written
//	  - code: reasons
//	    kind: multiple
//	    options: [{code: wait, label: …}, …]
//	    min: 1          # number: bounds and decimals; text: max characters; matrix: of
//	    max: 2
//	    show_if: {overall: {at_most: 2}}
//
// An item is shown where all tests of its show_if hold; where show_if is a list of mappings, where
// all tests of one of them do. A test is a value, a list of values, the word answered, or a mapping
// of in, not_in, at_least, at_most and answered. It looks at an earlier answer about the same subject.
//
// # Rounds
//
// A file that begins with round is one round; one that begins with series makes a round at every due
// time of its cron expression, its code, title and period being patterns (see [Fill]).
//
//	series: resident-quarterly        # round: 2026-q4
//	code: "residents-{yyyy}-q{q}"
//	cron: "0 9 1 1,4,7,10 *"          # opens: 2026-10-01T09:00, or none: opened by hand
//	shift: next-workday               # none unless written
//	misfire: run-once                 # or skip: due times missed are not made up for
//	title: "{yyyy}年第{q}季度居民满意度"
//	period: "{yyyy}-Q{q}"
//	period_shift: -1d                 # asked in January, about the quarter before
//	questionnaire: city-satisfaction
//	scheme: city-overall              # optional, with params: {name: value}
//	subjects: all                     # or {kind: …, groups: […]} or {list: […]}
//	duration: 14d                     # a round may say closes: instead
//	reminders: [3d, 7d, -1d]          # after opening; negative: before the end
//	quiet: "22:00-08:00"              # or none; the project's unless written
//	unsubmitted: void                 # or count
//	panels:
//	  - panel: residents
//	    title: 居民
//	    who: {kind: citizen, districts: [east]}   # also units, under, posts
//	    relation: ""                  # manager, peer, subordinate, self
//	    identity: anonymous           # confidential, named
//	    minimum: 5
//	    sample: {size: 400, by: district}         # also age, unit, post
//	    asks: {draw: 3}               # every, {choose: {min: 1, max: 5}}
//
// # Conversations
//
// A [Form] knows the questionnaire, the subjects and the answers given so far, and says what is to be
// asked in which order. A [Position] says what the respondent is looking at; [Position.After] leads
// from one to the next. Neither knows chat, buttons or tables, and a lost position is rebuilt from
// the answers by [Start].
package survey
