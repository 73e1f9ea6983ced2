package scoring_test

import (
	"fmt"
	"os"

	"pingyi/scoring"
)

// A scheme and a data folder in, a result out. Twelve residents rate two
// offices; only four rated the second, so that its image drops out and its
// work counts alone.
func Example() {
	scheme, faults := scoring.ParseScheme("offices.yaml", []byte(`
scheme: offices
panels:
  residents: {items: [service], min: 5}
kinds:
  office:
    parts:
      image: {survey: residents, show: [n]}
      work: {values: {code: work.*, score: completion, cap: 1, combine: mean}}
      overall: {weighted_mean: {image: 30, work: 70}}
    total: overall
    grades:
      - {grade: good, from: 80}
      - {grade: fair}
`))
	if len(faults) > 0 {
		fmt.Println(faults)
		return
	}
	data, _, faults := scoring.ReadFolder(scoring.InMemory(map[string][]byte{
		"subjects.csv": []byte("code,kind\nparks,office\nroads,office\n"),
		"answers.csv":  []byte("id,panel,subject,item,value,count\n1,residents,parks,service,5,6\n2,residents,parks,service,3,2\n3,residents,roads,service,1,4\n"),
		"values.csv":   []byte("subject,indicator,value,target\nparks,work.trees,90,120\nparks,work.paths,12,10\nroads,work.potholes,80,100\n"),
	}), nil)
	if len(faults) > 0 {
		fmt.Println(faults)
		return
	}
	result, faults := scoring.Compute(scheme, data, nil)
	if len(faults) > 0 {
		fmt.Println(faults)
		return
	}
	if err := result.WriteCSV(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// subject,group,image,image.n,work,overall,total,rank,grade,award,consequences,flags
	// parks,,90.0000000000,8,87.5000000000,88.2500000000,88.2500000000,1,good,,,
	// roads,,,4,80.0000000000,80.0000000000,80.0000000000,2,good,,,below_minimum:image|rescaled:image
}
