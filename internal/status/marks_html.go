package status

import (
	"strconv"
	"time"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/lagwise/lagwise/scalers"
)

// plainText is text that others wrote.
func plainText(text string) g.Node { return g.Text(plain(text)) }

// name is such text where it stands beside other text, whose direction it must not turn.
func name(text string) g.Node { return g.El("bdi", plainText(text)) }

// fullName is what people call a trigger.
func fullName(namespace, ofTrigger string) g.Node {
	return g.Group{name(namespace), g.Text("/"), name(ofTrigger)}
}

func whole(n int) g.Node { return g.Text(number(float64(n))) }

func stateMark(state scalers.State) g.Node {
	return h.Span(h.Class("state "+string(state)), g.Text(string(state)))
}

// stateOf is a trigger's state, with the partitions that stand still and whether a rule warns.
func stateOf(r Row) g.Node {
	marks := []g.Node{stateMark(r.State)}
	if r.Stalled > 0 {
		marks = append(marks, faultMark(strconv.Itoa(r.Stalled)+" stalled"))
	}
	if r.Warning {
		marks = append(marks, faultMark("warning"))
	}
	return spaced(marks...)
}

func faultMark(text string) g.Node { return h.Span(h.Class("state fault"), g.Text(text)) }

// absent stands where there is nothing to show; why is for those who point at it.
func absent(why string) g.Node { return h.Span(h.Class("none"), h.Title(why), g.Text("–")) }

func optional(value *float64) g.Node {
	if value == nil {
		return absent("not known")
	}
	return g.Text(number(*value))
}

func observed(at *time.Time) g.Node {
	if at == nil {
		return absent("never")
	}
	return h.Time(h.DateTime(instant(*at)), g.Attr("data-ago"), g.Text(clock(*at)))
}
