package locales_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"text/template"
	"text/template/parse"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"pingyi/bot/locales"
	"pingyi/survey"
)

// message is one message of one language: its forms by CLDR plural category.
type message struct {
	file  string
	forms map[string]string
}

// messages reads all files of words in a folder: by area and language, then by key.
func messages(t testing.TB, folder string) map[string]map[survey.Lang]map[string]message {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]map[survey.Lang]map[string]message)
	for _, file := range files {
		area, rest, _ := strings.Cut(filepath.Base(file), ".")
		lang := survey.Lang(strings.TrimSuffix(rest, ".yaml"))
		if !lang.Known() {
			t.Fatalf("%s: the name says no language", file)
		}
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var raw map[string]any
		if err := yaml.Unmarshal(src, &raw); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if all[area] == nil {
			all[area] = make(map[survey.Lang]map[string]message)
		}
		all[area][lang] = make(map[string]message)
		for key, value := range raw {
			all[area][lang][key] = message{file: file, forms: forms(t, file, key, value)}
		}
	}
	return all
}

func forms(t testing.TB, file, key string, value any) map[string]string {
	t.Helper()
	switch v := value.(type) {
	case string:
		return map[string]string{"other": v}
	case map[string]any:
		all := make(map[string]string)
		for form, words := range v {
			s, ok := words.(string)
			if !ok {
				t.Errorf("%s: %s.%s is no text", file, key, form)
			}
			all[form] = s
		}
		return all
	}
	t.Errorf("%s: %s is no text; write it in quotes", file, key)
	return nil
}

// folders that hold words: ours and those of packages that bring their own.
var folders = []string{".", "../../scoring/locales"}

// TestLanguagesAgree: every area has every key in every language, nothing is empty, and all forms of
// a message take the same arguments in all languages.
func TestLanguagesAgree(t *testing.T) {
	t.Parallel()
	seen := make(map[string]string)
	for _, folder := range folders {
		for area, languages := range messages(t, folder) {
			keys := make(map[string]bool)
			for _, ms := range languages {
				for key := range ms {
					keys[key] = true
				}
			}
			for _, key := range slices.Sorted(maps.Keys(keys)) {
				if other, twice := seen[key]; twice {
					t.Errorf("%s stands in %s and in %s", key, other, area)
				}
				seen[key] = area
				agree(t, area, key, languages)
			}
		}
	}
	if len(seen) == 0 {
		t.Fatal("no words at all")
	}
}

// months are the messages where some languages take the number of a month and others its name.
var months = map[string]bool{"date.near": true, "date.far": true}

func agree(t *testing.T, area, key string, languages map[survey.Lang]map[string]message) {
	t.Helper()
	var want []string
	for i, l := range survey.Langs() {
		m, ok := languages[l][key]
		if !ok {
			t.Errorf("%s: %s is missing in %s", area, key, l)
			continue
		}
		if _, ok := m.forms["other"]; !ok {
			t.Errorf("%s: %s has no form “other”", m.file, key)
		}
		if _, counted := m.forms["one"]; l == survey.En && !counted && len(m.forms) > 1 {
			t.Errorf("%s: %s has no form “one”", m.file, key)
		}
		var args []string
		for form, words := range m.forms {
			if strings.TrimSpace(words) == "" {
				t.Errorf("%s: %s.%s is empty", m.file, key, form)
			}
			args = append(args, arguments(t, m.file, key, words)...)
		}
		args = slices.Compact(slices.Sorted(slices.Values(args)))
		if i == 0 {
			want = args
		} else if diff := cmp.Diff(want, args); diff != "" && !months[key] {
			t.Errorf("%s: %s takes other arguments than in %s:\n%s", m.file, key, survey.Langs()[0], diff)
		}
	}
}

// arguments returns the names of the arguments that a message uses.
func arguments(t testing.TB, file, key, words string) []string {
	t.Helper()
	tmpl, err := template.New(key).Parse(words)
	if err != nil {
		t.Errorf("%s: %s: %v", file, key, err)
		return nil
	}
	var names []string
	var visit func(n parse.Node)
	list := func(l *parse.ListNode) {
		if l != nil {
			for _, n := range l.Nodes {
				visit(n)
			}
		}
	}
	visit = func(n parse.Node) {
		switch v := n.(type) {
		case *parse.ActionNode:
			visit(v.Pipe)
		case *parse.PipeNode:
			for _, c := range v.Cmds {
				for _, a := range c.Args {
					visit(a)
				}
			}
		case *parse.FieldNode:
			names = append(names, v.Ident[0])
		case *parse.IfNode:
			visit(v.Pipe)
			list(v.List)
			list(v.ElseList)
		case *parse.RangeNode:
			visit(v.Pipe)
			list(v.List)
			list(v.ElseList)
		case *parse.WithNode:
			visit(v.Pipe)
			list(v.List)
			list(v.ElseList)
		}
	}
	if tmpl.Tree != nil {
		list(tmpl.Root)
	}
	return names
}

// Characters that are written in one Chinese only. Ambiguous ones (后, 里, 台) are left out.
const (
	onlySimplified  = "们这个为来时说对发么过还进动种样经线关业东两长问应无开从当没与产体将现实级评选项请题输满输认证设备该谁调议论让记计划单据数类组织约缩红纪练终结给统继续维网览观规视觉角触觉飞马驾验龙龄齐资质费贸责败货购贵赏赞赛赵趋跃轮软转轻载较辆达迁运连迟适递逻遗邮释钟钱铁错键锁闭间闻队阶际陆陈险随隐难雾静页顶顺须顾预领频颜额风饭饮馆驻岁岛层属导币师带帮库张弹强归录惊惯戏户扩扫执护报担拟择换据损携摄斩断旧显晓暂术机权条极构标栏树检楼欢欧欲残毁毕气汇沟泪济测润涨渐温湾湿灵灾点炼热爱爷牵状独狱猎环电疗监盘码礼祸离积称稳穷窗竞笔签简粮紧纠"
	onlyTraditional = "們這個為來時說對發麼過還進動種樣經線關業東兩長問應無開從當沒與產體將現實級評選項請題輸滿認證設備該誰調議論讓記計劃單據數類組織約縮紅紀練終結給統繼續維網覽觀規視覺觸飛馬駕驗龍齡齊資質費貿責敗貨購貴賞贊賽趨躍輪軟轉輕載較輛達遷運連遲適遞邏遺郵釋鐘錢鐵錯鍵鎖閉間聞隊階際陸險隨隱難靜頁頂順須顧預領頻顏額風飯飲館歲島層屬導幣師帶幫庫張彈強歸錄驚慣戲戶擴掃執護報擔擬擇換損攜攝斷舊顯曉暫術機權條極構標欄樹檢樓歡歐殘畢氣匯溝淚濟測潤漲漸溫灣濕靈災點煉熱愛牽狀獨環電療監盤碼禮離積稱穩窮競筆簽簡糧緊糾"
)

// Words of the mainland that are said otherwise in Taiwan and Hong Kong, with what is said there.
var mainland = map[string]string{
	"默認": "預設", "設置": "設定", "信息": "訊息", "服務器": "伺服器", "數據": "資料", "鏈接": "連結",
	"用戶": "使用者", "支持": "支援", "網絡": "網路", "軟件": "軟體", "屏幕": "螢幕", "打印": "列印",
	"二維碼": "QR Code", "郵箱": "信箱", "賬號": "帳號", "文件夾": "資料夾", "字符": "字元", "視頻": "影片",
	"加載": "載入", "點擊": "按", "菜單": "選單", "命令行": "命令列", "數據庫": "資料庫",
	"程序": "程式", "表達式": "運算式", "添加": "新增", "刷新": "重新整理", "登錄": "登入", "註銷": "登出",
}

// TestChineseIsWhatItSays: the simplified files hold no traditional characters, the traditional ones
// no simplified characters and no words of the mainland.
func TestChineseIsWhatItSays(t *testing.T) {
	t.Parallel()
	for _, folder := range folders {
		for _, languages := range messages(t, folder) {
			for key, m := range languages[survey.ZhHans] {
				for _, words := range m.forms {
					if i := strings.IndexAny(words, onlyTraditional); i >= 0 && !shared(words[i:]) {
						t.Errorf("%s: %s holds a traditional character: %.3s", m.file, key, words[i:])
					}
				}
			}
			for key, m := range languages[survey.ZhHant] {
				for _, words := range m.forms {
					if i := strings.IndexAny(words, onlySimplified); i >= 0 && !shared(words[i:]) {
						t.Errorf("%s: %s holds a simplified character: %.3s", m.file, key, words[i:])
					}
					for word, said := range mainland {
						if strings.Contains(words, word) {
							t.Errorf("%s: %s says %s, which is %s there", m.file, key, word, said)
						}
					}
				}
			}
		}
	}
}

// shared reports whether the first character of s is written alike in both.
func shared(s string) bool {
	for _, r := range s {
		return strings.ContainsRune(onlySimplified, r) && strings.ContainsRune(onlyTraditional, r)
	}
	return false
}

// folder is a folder of words held in memory.
func folder(files map[string]string) fstest.MapFS {
	all := make(fstest.MapFS)
	for name, src := range files {
		all[name] = &fstest.MapFile{Data: []byte(src)}
	}
	return all
}

func TestSay(t *testing.T) {
	t.Parallel()
	b, err := locales.Load(folder(map[string]string{
		"test.zh-Hans.yaml": "test.plain: 你好，{{.Name}}\ntest.count: 有 {{.Count}} 份\ntest.only: 只有这里\n",
		"test.zh-Hant.yaml": "test.plain: 你好，{{.Name}}！\ntest.count: 有 {{.Count}} 份！\n",
		"test.en.yaml":      "test.plain: Hello, {{.Name}}\ntest.count: {one: \"{{.Count}} form of {{.Who}}\", other: \"{{.Count}} forms of {{.Who}}\"}\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	name := locales.Args{"Name": "<李&_*>"}
	who := locales.Args{"Who": "Li"}
	tests := []struct{ got, want string }{
		{b.Printer(survey.ZhHans).Say("test.plain", name), "你好，<李&_*>"},
		{b.Printer(survey.ZhHant).Say("test.plain", name), "你好，<李&_*>！"},
		{b.Printer(survey.En).Say("test.plain", name), "Hello, <李&_*>"},
		{b.Printer("fr").Say("test.plain", name), "你好，<李&_*>"},
		{b.Printer(survey.En).Count("test.count", 1, who), "1 form of Li"},
		{b.Printer(survey.En).Count("test.count", 0, who), "0 forms of Li"},
		{b.Printer(survey.En).Count("test.count", 2, who), "2 forms of Li"},
		{b.Printer(survey.ZhHans).Count("test.count", 1, nil), "有 1 份"},
		{b.Printer(survey.ZhHant).Count("test.count", 1, nil), "有 1 份！"},
		{b.Printer(survey.En).Say("test.only", nil), "只有这里"},
		{b.Printer(survey.En).Say("test.nowhere", nil), "test.nowhere"},
		{b.Printer(survey.En).Count("test.nowhere", 3, nil), "test.nowhere"},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Error(diff)
		}
	}
	if b.Printer(survey.En).Has("test.only") || !b.Printer(survey.ZhHans).Has("test.only") || !b.Printer(survey.En).Has("test.count") {
		t.Error("Has does not tell what a language has")
	}
	if diff := cmp.Diff([]survey.Lang{survey.En, survey.ZhHans, survey.ZhHant}, b.Languages()); diff != "" {
		t.Error(diff)
	}
}

func TestFault(t *testing.T) {
	t.Parallel()
	b, err := locales.Load()
	if err != nil {
		t.Fatal(err)
	}
	f := survey.Fault{File: "q.yaml", Line: 3, Column: 5, Code: "survey.key_near", Args: locales.Args{"Key": "titel", "Nearest": "title"}}
	tests := map[survey.Lang]string{
		survey.En:     "q.yaml:3:5: “titel” is not known here. Did you mean title?",
		survey.ZhHans: "q.yaml:3:5: 这里没有“titel”这一项，是否想写 title？",
		survey.ZhHant: "q.yaml:3:5: 這裡沒有「titel」這一項，是否想寫 title？",
	}
	for l, want := range tests {
		if diff := cmp.Diff(want, b.Printer(l).Fault(f)); diff != "" {
			t.Error(diff)
		}
	}
	f.Line, f.Column = 0, 0
	if got := b.Printer(survey.En).Fault(f); !strings.HasPrefix(got, "q.yaml: “titel”") {
		t.Errorf("without a place: %s", got)
	}
	f.Code = "survey.unheard_of"
	if got := b.Printer(survey.En).Fault(f); got != "q.yaml: survey.unheard_of Key=titel Nearest=title" {
		t.Errorf("without words: %s", got)
	}
}

func TestBrokenWordsAreAnError(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]string{
		"test.en.yaml": "test.a: [", "test.yaml": "a: b", "test.fr.yaml": "a: b",
	} {
		if _, err := locales.Load(folder(map[string]string{name: src})); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
