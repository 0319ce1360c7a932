package scenarios

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// This file is the only one that knows the YAML library. It turns a text into a
// tree of values of our own, in which aliases are replaced by what they stand for
// and merged keys stand among the others, and it is strict: what a person may have
// written by mistake (a key twice, a second document, a tag) is a problem.

// parse turns the text of a file into a value; nil where that cannot be done.
func (r *reader) parse(f *file) *value {
	if !r.add(f) {
		return nil
	}
	text, line := withoutVersion(f.text)
	if line > 0 {
		r.place(f, line, 1, "not YAML: a line --- ends the directives; write it above this one")
		return nil
	}
	loader, err := yaml.NewLoader(strings.NewReader(text), yaml.WithV4Defaults(), yaml.WithPlugin(loaderlimits.New(
		loaderlimits.DepthFunc(func(depth int, _ *loaderlimits.DepthContext) error {
			if depth > maxDepth {
				return errTooDeep
			}
			return nil
		}), loaderlimits.AliasNone()))) // aliases are counted in convert
	if err != nil {
		panic("the YAML library does not take its options: " + err.Error())
	}
	var document, second yaml.Node
	if err := load(loader, &document); err == io.EOF {
		r.place(f, 0, 0, "the file is empty")
		return nil
	} else if err != nil {
		r.malformed(f, err)
		return nil
	}
	c := converter{reader: r, file: f, reuse: strings.Contains(f.text, "*")}
	v := c.convert(document.Content[0], 1)
	if c.failed {
		return nil
	}
	if err := load(loader, &second); err == nil {
		r.place(f, second.Line, second.Column, "a second document begins here; a file holds one")
	} else if err != io.EOF {
		r.malformed(f, err)
		return nil
	}
	return v
}

// withoutVersion is a text in which the directive %YAML 1.2 says 1.1, which is all
// that the library takes, though it reads by the rules of 1.2. Whatever else is wrong
// with a directive it says itself. The line is that of what stands where --- has to
// stand after a directive, or 0.
func withoutVersion(text string) (taken string, line int) {
	minor := -1
	directives := false
	for begin, n := 0, 1; begin < len(text); n++ {
		rest := text[begin:]
		if end := strings.IndexAny(rest, lineBreaks); end >= 0 {
			rest = rest[:end]
		}
		m := versionForm.FindStringSubmatchIndex(rest)
		switch {
		case m != nil && minor < 0:
			minor, directives = begin+m[2], true
		case strings.HasPrefix(rest, "%"):
			directives = true
		case strings.HasPrefix(rest, "#"), strings.Trim(rest, " \t") == "":
		default: // no directive can follow
			if directives && !strings.HasPrefix(rest, "---") {
				return text, n
			}
			begin = len(text)
			continue
		}
		if begin += len(rest); begin < len(text) {
			begin += lineBreak(text[begin:])
		}
	}
	if minor < 0 {
		return text, 0
	}
	return text[:minor] + "1" + text[minor+1:], 0
}

var versionForm = regexp.MustCompile(`^%YAML[ \t]+1\.(2)(?:[ \t]|$)`)

// load reads the next document. The library is young: should a text make it panic,
// it is the text that is refused.
func load(loader *yaml.Loader, into *yaml.Node) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("no reader can make sense of it (%v)", p)
		}
	}()
	if err := loader.Load(into); err != nil {
		return err
	}
	if into.Kind != yaml.DocumentNode || len(into.Content) != 1 {
		return errors.New("it is not one document")
	}
	return nil
}

var errTooDeep = fmt.Errorf("nested more than %d levels deep", maxDepth)

// malformed notes what the library says about a text that is no YAML.
func (r *reader) malformed(f *file, err error) {
	var e *yaml.LoadError
	if !errors.As(err, &e) {
		r.place(f, 0, 0, "not YAML: "+err.Error())
		return
	}
	message := shorten(e.Message)
	line, column := e.Mark.Line, e.Mark.Column
	switch {
	case message == errTooDeep.Error():
	case strings.HasPrefix(strings.TrimLeft(f.line(line), " "), "\t"):
		message = "not YAML: a tab; indent with blanks"
	case e.ContextMsg != "" && !f.override && e.ContextMark.Line > 0 && e.ContextMark.Line != line:
		message = fmt.Sprintf("not YAML: %s (%s, line %d)", message, shorten(e.ContextMsg), e.ContextMark.Line)
	case e.ContextMsg != "":
		message = fmt.Sprintf("not YAML: %s (%s)", message, shorten(e.ContextMsg))
	default:
		message = "not YAML: " + message
	}
	if r.full() {
		return
	}
	r.place(f, line, column, message)
	if f.override {
		// A bracket or a quote that is not closed is missed at the end of the text.
		if begun := e.ContextMark.Line; begun > 0 && (strings.Contains(e.ContextMsg, "flow") || strings.Contains(e.ContextMsg, "quoted")) {
			line = begun
		}
		r.problems[len(r.problems)-1].Key = f.pathAt(line)
	}
}

// pathAt is the path of the key that begins in a line of an override, as the indentation
// tells it: of a text that is no YAML nothing else can.
func (f *file) pathAt(line int) string {
	path, within := "", -1
	for ; line > 0; line-- {
		m := keyForm.FindStringSubmatch(f.line(line))
		if m != nil && (within < 0 || len(m[1]) < within) {
			path, within = "."+m[2]+path, len(m[1])
		}
	}
	return f.path + path
}

var keyForm = regexp.MustCompile(`^( *)([A-Za-z_]+):(?: |$)`)

// shorten keeps what the library quotes of a hostile text out of a message.
func shorten(message string) string {
	const longest = 200
	clean := strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7F {
			return -1
		}
		return c
	}, message)
	if n := len(clean); n > longest {
		return strings.ToValidUTF8(clean[:longest], "") + "..."
	}
	return clean
}

// A converter turns the library's tree into ours.
type converter struct {
	*reader
	file   *file
	reuse  bool         // there may be aliases: the library's tree is needed to the end
	open   []*yaml.Node // the anchored values that we are in
	within int          // the aliases that we are in
	failed bool         // a bound was reached
}

func (c *converter) value(n *yaml.Node, k kind) *value {
	v := &value{kind: k, file: c.file, line: n.Line, column: n.Column, text: n.Value}
	v.plain = n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	return v
}

// fail notes a bound that was reached.
func (c *converter) fail(v *value, format string, args ...any) *value {
	if !c.failed {
		c.problem(v, format, args...)
	}
	c.failed = true
	v.broken = true
	return v
}

func (c *converter) convert(n *yaml.Node, depth int) *value {
	k := scalar
	switch n.Kind {
	case yaml.AliasNode:
		return c.alias(n, depth)
	case yaml.MappingNode:
		k = mapping
	case yaml.SequenceNode:
		k = list
	}
	v := c.value(n, k)
	v.flow = n.Style&yaml.FlowStyle != 0
	if c.failed {
		v.broken = true
		return v
	}
	if depth > maxDepth {
		return c.fail(v, "%s", errTooDeep)
	}
	if c.within > 0 {
		if c.copies++; c.copies > maxCopies {
			return c.fail(v, "aliases repeat more than %d values", maxCopies)
		}
	}
	if n.Style&yaml.TaggedStyle != 0 {
		c.problem(v, "the tag %s has no meaning here; leave it out", quote(n.Tag))
		v.broken = true
	}
	if n.Anchor != "" {
		c.open = append(c.open, n)
		defer func() { c.open = c.open[:len(c.open)-1] }()
	}
	switch k {
	case mapping:
		c.mapping(v, n, depth)
	case list:
		c.list(v, n, depth)
	}
	if !c.reuse {
		n.Content = nil // so that there are never two trees of the whole
	}
	return v
}

func (c *converter) alias(n *yaml.Node, depth int) *value {
	v := c.value(n, scalar)
	if c.aliases++; c.aliases > maxAliases {
		return c.fail(v, "more than %d aliases, those within what they repeat included", maxAliases)
	}
	if n.Alias == nil {
		return c.fail(v, "the alias %s stands for nothing", quote(n.Value))
	}
	if slices.Contains(c.open, n.Alias) {
		return c.fail(v, "the anchor %s contains itself", quote(n.Value))
	}
	c.within++
	v = c.convert(n.Alias, depth)
	c.within--
	return v
}

func (c *converter) list(v *value, n *yaml.Node, depth int) {
	v.items = make([]*value, 0, len(n.Content))
	for i := 0; i < len(n.Content); i++ {
		item := c.convert(n.Content[i], depth+1)
		if n.Style&yaml.FlowStyle != 0 {
			last := item
			if item.kind == mapping && len(item.entries) == 1 {
				last = item.entries[0].value // [work: uniform(1ms, 2ms)] is a mapping, then 2ms)
			}
			i += c.rejoin(last, len(n.Content)-i-1, func(k int) (*yaml.Node, bool) { return n.Content[i+k], true })
		}
		v.items = append(v.items, item)
	}
}

func (c *converter) mapping(v *value, n *yaml.Node, depth int) {
	v.entries = make([]entry, 0, len(n.Content)/2)
	var merges []*value
	var first map[string]int // line of a key, for large mappings
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i]
		key := c.value(name, scalar)
		if name.Kind != yaml.ScalarNode {
			c.problem(key, "a key is a word")
			continue
		}
		if name.Style&yaml.TaggedStyle != 0 && name.Tag != "!!merge" {
			c.problem(key, "the tag %s has no meaning here; leave it out", quote(name.Tag))
		}
		val := c.convert(n.Content[i+1], depth+1)
		if c.failed {
			return
		}
		if n.Style&yaml.FlowStyle != 0 {
			rest := n.Content[i+2:]
			i += 2 * c.rejoin(val, len(rest)/2, func(k int) (*yaml.Node, bool) {
				no := rest[2*k-1]
				return rest[2*k-2], no.Kind == yaml.ScalarNode && no.Value == ""
			})
		}
		if first == nil {
			if old := v.entry(key.text); old != nil {
				c.duplicate(key, old.key.line)
				continue
			}
			if len(v.entries) == 16 {
				first = map[string]int{}
				for _, e := range v.entries {
					first[e.key.text] = e.key.line
				}
			}
		}
		if first != nil {
			if line, ok := first[key.text]; ok {
				c.duplicate(key, line)
				continue
			}
			first[key.text] = key.line
		}
		v.entries = append(v.entries, entry{key: key, value: val})
		if key.text == "<<" && key.plain {
			merges = append(merges, val)
		}
	}
	if len(merges) > 0 {
		c.merge(v)
	}
}

func (c *converter) duplicate(key *value, line int) {
	if c.full() {
		return
	}
	c.problem(key, "the key %s stands here twice, first in line %d", quote(key.text), line)
}

// merge puts what << names into the mapping, where the mapping does not say
// otherwise itself; of several the first counts.
func (c *converter) merge(v *value) {
	has := map[string]bool{}
	for _, e := range v.entries {
		has[e.key.text] = true
	}
	var all []entry
	for _, e := range v.entries {
		if e.key.text != "<<" || !e.key.plain {
			all = append(all, e)
			continue
		}
		from := []*value{e.value}
		if e.value.kind == list {
			from = e.value.items
		}
		for _, m := range from {
			if m.kind != mapping {
				c.problem(m, "a merge takes a mapping, as in <<: *defaults, or a list of them")
				continue
			}
			for _, in := range m.entries {
				if !has[in.key.text] {
					has[in.key.text] = true
					all = append(all, entry{in.key, in.value, true})
				}
			}
		}
	}
	v.entries = all
}

// rejoin looks for a call such as uniform(1ms, 2ms) that was torn apart at its
// comma because it stands in {…} or […] without quotes. Then it says so, and how
// many of the pieces that follow v are its own.
func (c *converter) rejoin(v *value, pieces int, piece func(int) (*yaml.Node, bool)) int {
	const mostPieces = 32
	if v.kind != scalar || !v.plain || v.broken {
		return 0
	}
	open := unclosed(v.text)
	for k := 1; open > 0 && k <= min(pieces, mostPieces); k++ {
		n, alone := piece(k)
		if n.Kind != yaml.ScalarNode || !alone {
			return 0
		}
		if open += unclosed(n.Value); open > 0 {
			continue
		}
		whole := v.text
		for i := range k {
			n, _ := piece(i + 1)
			whole += ", " + n.Value
		}
		c.problem(v, "inside {…} and […] a value with a comma is quoted; write %s", quote(whole))
		v.broken = true
		return k
	}
	return 0
}

// unclosed is how many brackets a text opens and does not close.
func unclosed(text string) int { return strings.Count(text, "(") - strings.Count(text, ")") }
