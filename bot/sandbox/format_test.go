package sandbox

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

type formatCase struct {
	name string
	in   string
	text string
	ents []Entity
	fail string // part of the refusal
}

func TestHTML(t *testing.T) {
	t.Parallel()
	runFormat(t, "HTML", []formatCase{
		{name: "plain", in: "a b", text: "a b"},
		{name: "escaped", in: "&lt;b&gt; &amp; &quot; &#20013; &#x1F600;", text: "<b> & \" 中 😀"},
		{name: "trimmed", in: " \n <b> x </b>\n", text: "x", ents: []Entity{{Type: "bold", Offset: 0, Length: 1}}},
		{name: "UTF-16 offsets", in: "😀<b>中</b>", text: "😀中", ents: []Entity{{Type: "bold", Offset: 2, Length: 1}}},
		{name: "all simple tags", in: "<b>a</b><strong>a</strong><i>b</i><em>b</em><u>c</u><ins>c</ins><s>d</s><strike>d</strike><del>d</del>", text: "aabbccddd", ents: []Entity{
			{Type: "bold", Offset: 0, Length: 1}, {Type: "bold", Offset: 1, Length: 1},
			{Type: "italic", Offset: 2, Length: 1}, {Type: "italic", Offset: 3, Length: 1},
			{Type: "underline", Offset: 4, Length: 1}, {Type: "underline", Offset: 5, Length: 1},
			{Type: "strikethrough", Offset: 6, Length: 1}, {Type: "strikethrough", Offset: 7, Length: 1}, {Type: "strikethrough", Offset: 8, Length: 1},
		}},
		{name: "spoilers", in: `<tg-spoiler>a</tg-spoiler><span class="tg-spoiler">b</span>`, text: "ab", ents: []Entity{{Type: "spoiler", Offset: 0, Length: 1}, {Type: "spoiler", Offset: 1, Length: 1}}},
		{name: "nested", in: "<b>a<i>b</i></b>", text: "ab", ents: []Entity{{Type: "bold", Offset: 0, Length: 2}, {Type: "italic", Offset: 1, Length: 1}}},
		{name: "link", in: `<a href="https://x.example/?a=1&amp;b=2">l</a>`, text: "l", ents: []Entity{{Type: "text_link", Offset: 0, Length: 1, URL: "https://x.example/?a=1&b=2"}}},
		{name: "mention", in: `<a href="tg://user?id=5">l</a>`, text: "l", ents: []Entity{{Type: "text_mention", Offset: 0, Length: 1, User: &User{ID: 5}}}},
		{name: "pre with language", in: `<pre><code class="language-go">x</code></pre>`, text: "x", ents: []Entity{{Type: "pre", Offset: 0, Length: 1, Language: "go"}}},
		{name: "quotations", in: "<blockquote>a</blockquote><blockquote expandable>b</blockquote>", text: "ab", ents: []Entity{{Type: "blockquote", Offset: 0, Length: 1}, {Type: "expandable_blockquote", Offset: 1, Length: 1}}},
		{name: "empty tag", in: "<b></b>x", text: "x"},
		{name: "clickable by itself", in: "/start 见 https://x.example/a。 @someone", text: "/start 见 https://x.example/a。 @someone", ents: []Entity{
			{Type: "bot_command", Offset: 0, Length: 6}, {Type: "url", Offset: 9, Length: 19}, {Type: "mention", Offset: 30, Length: 8},
		}},
		{name: "not clickable inside code", in: "<code>/start</code>", text: "/start", ents: []Entity{{Type: "code", Offset: 0, Length: 6}}},

		{name: "unclosed", in: "<b>x", fail: "no end tag"},
		{name: "crossed", in: "<b><i>x</b></i>", fail: "unmatched end tag"},
		{name: "end alone", in: "x</b>", fail: "unexpected end tag"},
		{name: "unknown tag", in: "<p>x</p>", fail: "unsupported start tag"},
		{name: "br is unknown", in: "a<br>b", fail: "unsupported start tag"},
		{name: "bare less-than", in: "1 < 2", fail: "&lt;"},
		{name: "bare greater-than", in: "2 > 1", fail: "&gt;"},
		{name: "bare ampersand", in: "A & B", fail: "&amp;"},
		{name: "unknown reference", in: "a&nbsp;b", fail: "&amp;"},
		{name: "attribute on b", in: `<b class="x">x</b>`, fail: "no attribute"},
		{name: "other span", in: `<span class="x">x</span>`, fail: "tg-spoiler"},
		{name: "link without address", in: `<a>x</a>`, fail: "href"},
		{name: "script link", in: `<a href="javascript:alert(1)">x</a>`, fail: "href"},
		{name: "bold code", in: "<b><code>x</code></b>", fail: "cannot be combined"},
		{name: "quotation in quotation", in: "<blockquote>a<blockquote>b</blockquote></blockquote>", fail: "nested"},
		{name: "no such character", in: "&#0;", fail: "no such character"},
		{name: "invalid UTF-8", in: "a\xff", fail: "UTF-8"},
	})
}

func TestMarkdownV2(t *testing.T) {
	t.Parallel()
	runFormat(t, "MarkdownV2", []formatCase{
		{name: "plain", in: "a b", text: "a b"},
		{name: "escaped", in: `1\.5 \- \*x\*`, text: "1.5 - *x*"},
		{name: "marks", in: "*a* _b_ __c__ ~d~ ||e||", text: "a b c d e", ents: []Entity{
			{Type: "bold", Offset: 0, Length: 1}, {Type: "italic", Offset: 2, Length: 1}, {Type: "underline", Offset: 4, Length: 1},
			{Type: "strikethrough", Offset: 6, Length: 1}, {Type: "spoiler", Offset: 8, Length: 1},
		}},
		{name: "nested", in: "*a _b_*", text: "a b", ents: []Entity{{Type: "bold", Offset: 0, Length: 3}, {Type: "italic", Offset: 2, Length: 1}}},
		{name: "link", in: `[x](https://x.example/\))`, text: "x", ents: []Entity{{Type: "text_link", Offset: 0, Length: 1, URL: "https://x.example/)"}}},
		{name: "code", in: "`a*b`", text: "a*b", ents: []Entity{{Type: "code", Offset: 0, Length: 3}}},
		{name: "pre", in: "```go\nx := 1\n```", text: "x := 1", ents: []Entity{{Type: "pre", Offset: 0, Length: 6, Language: "go"}}},
		{name: "quotation", in: ">a\n>b\nc", text: "a\nb\nc", ents: []Entity{{Type: "blockquote", Offset: 0, Length: 3}}},
		{name: "expandable quotation", in: "**>a\n>b||", text: "a\nb", ents: []Entity{{Type: "expandable_blockquote", Offset: 0, Length: 3}}},

		{name: "reserved", in: "1.5", fail: "reserved"},
		{name: "exclamation mark", in: "x!", fail: "reserved"},
		{name: "unclosed", in: "*x", fail: "no end of bold"},
		{name: "crossed", in: "*a _b* c_", fail: "ends inside another"},
		{name: "unclosed code", in: "`x", fail: "no end of code"},
		{name: "no address", in: "[x]", fail: "address"},
		{name: "bad address", in: "[x](a b)", fail: "valid address"},
	})
}

func runFormat(t *testing.T, mode string, tests []formatCase) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text, ents, err := formatted(tt.in, mode, nil)
			if tt.fail != "" {
				var r *refusal
				if !errors.As(err, &r) || !strings.Contains(r.description, tt.fail) || !r.form {
					t.Fatalf("got %q, %v; want a refusal naming %q", text, err, tt.fail)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if text != tt.text {
				t.Errorf("text %q, want %q", text, tt.text)
			}
			if diff := cmp.Diff(tt.ents, ents); diff != "" {
				t.Errorf("entities (-want +got):\n%s", diff)
			}
		})
	}
}

// checkFormatted is what holds for any text that is accepted.
func checkFormatted(t *testing.T, text string, ents []Entity) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Error("the text is not UTF-8")
	}
	size := utf16Len(text)
	for _, e := range ents {
		if e.Offset < 0 || e.Length <= 0 || e.Offset+e.Length > size || !onBoundary(text, e.Offset) || !onBoundary(text, e.Offset+e.Length) {
			t.Errorf("entity %+v lies outside %q", e, text)
		}
	}
}

func FuzzHTML(f *testing.F) {
	for _, s := range []string{"<b>a</b>", "<a href='x'>y</a>", "&lt;", "<pre><code class=\"language-x\">😀</code></pre>", "<", "</", "&#x;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if text, ents, err := formatted(in, "HTML", nil); err == nil {
			checkFormatted(t, text, ents)
		}
	})
}

func FuzzMarkdown(f *testing.F) {
	for _, s := range []string{"*a*", "[a](b)", "```x\ny```", ">a\n**>b||", "||", "\\", "![x](tg://emoji?id=1)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if text, ents, err := formatted(in, "MarkdownV2", nil); err == nil {
			checkFormatted(t, text, ents)
		}
	})
}
