// Package survey is the domain of asking: questionnaires, rounds and their panels, who is drawn to
// answer about whom, and the conversation with one respondent.
//
// It is pure: it opens no file and no connection, reads no clock (the time is an argument) and keeps
// no state of its own. What a public body writes in YAML is read by [ParseQuestionnaire],
// [ParseRound], [ParseProject] and [ParseEvaluation]; each reports every fault at once, as data
// ([Fault]: a code, arguments, file, line and column), and words are added where people read them.
//
// The conversation is a [Form], which knows the questionnaire and the answers given so far, and a
// [Position], which says what the respondent is looking at. Neither knows chat, buttons or tables.
package survey
