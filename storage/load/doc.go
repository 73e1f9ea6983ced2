// Package load turns the files of a project folder into changes of the
// database: read, checked against each other and against what stands, shown,
// applied in one transaction.
//
//	files := load.Paths("project/")                       // or FS, or Bytes for a file sent in chat
//	plan, faults, err := load.Make(ctx, store, now, files) // all faults at once, those of reading too
//	plan.Changes()                                        // what would be different
//	err = plan.Apply(ctx, now, cause)                     // all of it, or nothing
//
// # Files
//
// A file is recognised by its name, a YAML file also by its first key:
//
//	project.yaml        the body that asks: name, notice, enrolment, quiet hours
//	units.csv           code,name,kind,parent + any attributes
//	people.csv          code,name,kind,unit,manager,post,phone,telegram,language,district,age,role,from,to
//	subjects.csv        code,name,kind,group,parent,of,active + any attributes
//	calendar.csv        date,working
//	values.csv          subject,indicator,period,value,target,date,due,source,weight
//	ledger.csv          id,subject,kind,points,category,date,approved,matter,level,indicator,period,reason
//	questionnaire: …    questionnaires/*.yaml     scheme: …  schemes/*.yaml
//	round:, series: …   rounds/*.yaml             evaluation: …  evaluations/*.yaml
//
// Columns may stand in any order. A name may have its languages beside it
// (name:en). CSV is UTF-8, or GB18030 as Chinese spreadsheets write it, which
// is said in a [Notice].
//
// # What applying does
//
// Nothing is deleted: who or what a file does not name stays as it is. A
// column that a file does not have is left alone; an empty cell says "none",
// with exceptions, because people decide them in chat: an empty phone or
// Telegram cell changes nothing, nor does an empty district or age band; a
// language holds until the person has joined; and an account that is linked
// already, or that somebody has left, is never linked again by a file.
//
// A person may have several rows, one per capacity (citizen and staff); they
// say everything about the person, so a row taken out takes the membership
// away. An entry of the ledger is withdrawn by approved=no, a value by an
// empty cell, a subject by active=no.
//
// Questionnaires and schemes have versions, counted by the store: content that
// differs from the newest version becomes the next one, so a round under way
// keeps what it was opened with. In a questionnaire comments and layout do not
// count; a scheme is the text its signers read. A scheme that ships with the
// program need not lie in the folder: naming it is enough. Rounds can
// be changed while they are drafts or scheduled; an evaluation until it is
// approved.
//
// Applying the same files again changes nothing.
//
// # Ballots
//
// Ballots that were collected elsewhere are no part of the folder: [MakeImport]
// takes files in the form of answers.csv and adds them to a round that was
// opened, beside those given in chat. A panel whose ballots all come so says
// imported: true in the round's file. Values are those of the panel's
// questionnaire; respondents and devices are kept as digests, to tell that two
// ballots are of one of them. A file is known by its content and taken once.
package load
