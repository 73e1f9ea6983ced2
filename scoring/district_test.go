package scoring_test

import (
	"strings"
	"testing"

	"pingyi/scoring"
)

// Two districts worked by hand:
//
//	d1  amount (100×60 + 80×40)/100 = 92; position (10+1−1)/10 = 100; deadlines met
//	    100 and three days late 94 → 97; errors 3/200 = 1.5 % → 80;
//	    clinic: 900 of 100000×8/1000 = 800 → 100; 450/900 = 50 % of 60 % → 83.3333, mean 91.6667
//	    targets = (92×40 + 100×20 + 97×20 + 80×10 + 91.6667×10)/100 = 93.3666667
//	    satisfaction 80; process (90+80+70+100)/4 = 85, final 90 → .4×85 + .6×90 = 88
//	    quarters 26+25+27+24 = 102 → 100
//	    base = .5×93.3666667 + .2×80 + .2×88 + .1×100 = 90.2833333; inspection −3 → 87.2833333
//	d2  only 29 served answered: satisfaction drops out, the rest counts 80 instead of 100
func TestDistrictLetter(t *testing.T) {
	t.Parallel()
	values := func(d, pos, err string) string {
		return strings.ReplaceAll(`
			D,amount.roads,,12,10,,,60
			D,amount.trees,,8,10,,,40
			D,position.growth,,POS,10,,,
			D,deadline.school,,1,,2025-06-30,2025-06-30,
			D,deadline.bridge,,1,,2025-07-03,2025-06-30,
			D,error.files,,ERR,200,,,
			D,clinic.patients,,900,,,,
			D,clinic.ordered,,450,,,,
			D,process.replies,Q1,90,,,,
			D,process.replies,Q2,80,,,,
			D,process.replies,Q3,70,,,,
			D,process.replies,Q4,100,,,,
			D,final.survey,,90,,,,
			D,quarter,Q1,26,,,,
			D,quarter,Q2,25,,,,
			D,quarter,Q3,27,,,,
			D,quarter,Q4,24,,,,`, "D,", d+",")
	}
	rowsOf := func(d, pos, err string) string {
		return strings.TrimLeft(strings.ReplaceAll(strings.ReplaceAll(values(d, pos, err), "POS", pos), "ERR", err), "\n")
	}
	answers := "id,panel,subject,item,value,count\n1,served,d1,q,4,30\n2,served,d2,q,5,29\n"
	d := folder(t, "subjects.csv", "code,name,kind,group,population\nd1,东区,district,,100000\nd2,西区,district,,100000\n",
		"values.csv", "subject,indicator,period,value,target,date,due,weight\n"+rowsOf("d1", "1", "3")+"\n"+rowsOf("d2", "10", "11")+"\n",
		"answers.csv", answers,
		"ledger.csv", "id,subject,kind,points,date,approved\n1,d1,inspection,3,2025-05-05,yes\n2,d2,inspection,25,2025-05-05,yes\n",
		"history.csv", "period,subject,total,grade\n2024,d1,86,优秀\n2023,d1,88,优秀\n2024,d2,80,良好\n")
	r := compute(t, shipped(t, "district-letter"), d, scoring.Params{"period": "2025"})
	want(t, r, "d1", "targets.amount", "92", "targets.position", "100", "targets.deadline", "97", "targets.error", "80", "targets.clinic", "91.6666666667",
		"targets", "93.3666666667", "satisfaction", "80", "evaluation.process", "85", "evaluation", "88", "quarters", "100", "base", "90.2833333333",
		"total", "87.2833333333", "rank", "1", "grade", "优秀", "consequences", "通报表彰|优先提拔")
	// d2: position 10, errors 5.5 % → 0: targets 93.3667 − 18 − 8 = 67.3666667; base (50×67.3666667 + 20×88 + 10×100)/80 = 76.6041667, −10
	want(t, r, "d2", "targets", "67.3666666667", "satisfaction", "", "base", "76.6041666667", "inspection", "-10", "total", "66.6041666667", "grade", "合格",
		"consequences", "限期整改", "flags", "below_minimum:satisfaction|rescaled:satisfaction")
	r = compute(t, shipped(t, "district-letter"), d, scoring.Params{"period": "2025", "error_steps": "even"})
	want(t, r, "d1", "targets.error", "98.5")
}
