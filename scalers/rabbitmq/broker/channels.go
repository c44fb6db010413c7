package broker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lagwise/lagwise/scalers/news"
)

// The methods of AMQP 0-9-1 that lagwise speaks on channels of its own: class and number.
const (
	channelOpen    uint32 = 20<<16 | 10
	channelOpenOK  uint32 = 20<<16 | 11
	channelClose   uint32 = 20<<16 | 40
	channelCloseOK uint32 = 20<<16 | 41
	queueDeclare   uint32 = 50<<16 | 10
	queueDeclareOK uint32 = 50<<16 | 11

	passively    = 1
	longestQueue = 255
)

// channels are the AMQP channels of one connection. The library waits for the answer to each question and has one question on a channel at
// a time, which is most of what a question costs. So the library keeps channel 0 only, and lagwise speaks the few methods that it needs
// itself: many questions go out in one write. A broker answers the questions of a channel in their order, so a queue that does not
// answer holds up those that were asked after it on the same channel, and no others.
type channels struct {
	socket net.Conn
	// most is the highest channel number that the broker accepts.
	most int

	mu sync.Mutex
	// made are all channels, by number from 1; free are those without a pending question.
	made, free []*channel
	// waiting is the number of pending questions whose inquiry has not ended, on all channels.
	waiting int
	// touched are the inquiries that have progressed and were not signalled yet.
	touched []*inquiry
	broken  error
}

// channel is one AMQP channel, and what the broker has still to answer on it.
type channel struct {
	number uint16
	// opened reports that channel.open was sent. closed reports that the broker has closed the channel and waits for the confirmation.
	opened, closed bool
	pending        []question
}

// question is one method that the broker answers. An inquiry's question about a queue has its place there; others have none.
type question struct {
	answer uint32
	of     *inquiry
	at     int
}

// inquiry is a set of queues to ask about. Its fields are under the channels' lock.
type inquiry struct {
	queues []string
	// answered are the queues whose figures or refusal arrived; unanswered counts the others.
	answered   []bool
	unanswered int
	// asked counts the pending questions about each queue, and sent is when the latest of them went out.
	asked []int
	sent  []time.Time
	// results arrived and were not taken yet. lost are queues whose question ended with the channel that another queue's refusal closed.
	results []result
	lost    []int
	// alive reports that the broker has answered a question that concerns no queue.
	alive bool
	// ended reports that nobody waits any more.
	ended bool
	// progress holds a signal when something above has changed.
	progress chan struct{}
}

// result is the answer about one queue.
type result struct {
	at      int
	took    time.Duration
	seen    figures
	refusal *amqp.Error
}

// figures are a queue's, as the answer to a passive declare has them.
type figures struct{ messages, consumers uint32 }

var (
	errOutOfTurn = errors.New("the broker sends an answer that was not asked for")
	errNoChannel = errors.New("the broker allows no further channel on the connection")
)

func newChannels(socket net.Conn, most int) *channels { return &channels{socket: socket, most: most} }

func newInquiry(queues []string) *inquiry {
	return &inquiry{
		queues: queues, answered: make([]bool, len(queues)), asked: make([]int, len(queues)),
		sent: make([]time.Time, len(queues)), unanswered: len(queues), progress: make(chan struct{}, 1),
	}
}

// ask sends the questions about some of an inquiry's queues on one channel.
func (c *channels) ask(q *inquiry, places []int) error {
	c.mu.Lock()
	ch, err := c.take()
	if err != nil {
		c.mu.Unlock()
		return err
	}
	out := c.declare(nil, ch, q, places)
	c.mu.Unlock()
	return c.write(out)
}

// spread sends each question that waits behind another one on a channel of its own, as far as there are channels, and one question that
// concerns no queue. It is for an inquiry whose channel has stalled.
func (c *channels) spread(q *inquiry) error {
	c.mu.Lock()
	heads := map[int]bool{}
	for _, ch := range c.made {
		if len(ch.pending) > 0 && ch.pending[0].of == q {
			heads[ch.pending[0].at] = true
		}
	}
	ch, err := c.take()
	if err != nil {
		c.mu.Unlock()
		return err
	}
	out := c.prove(nil, ch, q)
	for at, answered := range q.answered {
		if answered || heads[at] {
			continue
		}
		if ch, err = c.take(); err != nil {
			break
		}
		out = c.declare(out, ch, q, []int{at})
	}
	c.mu.Unlock()
	return c.write(out)
}

// take gives a channel without a pending question. It must be called under the lock.
func (c *channels) take() (*channel, error) {
	switch {
	case c.broken != nil:
		return nil, c.broken
	case len(c.free) > 0:
		ch := c.free[len(c.free)-1]
		c.free = c.free[:len(c.free)-1]
		return ch, nil
	case len(c.made) == c.most:
		return nil, errNoChannel
	}
	ch := &channel{number: uint16(len(c.made) + 1)} //nolint:gosec // it is at most c.most
	c.made = append(c.made, ch)
	return ch, nil
}

// declare adds the frames that ask about queues. It must be called under the lock.
func (c *channels) declare(out []byte, ch *channel, q *inquiry, places []int) []byte {
	out = c.open(out, ch, q)
	arguments := make([]byte, 0, longestQueue+8)
	for _, at := range places {
		queue := q.queues[at]
		arguments = append(arguments[:0], 0, 0, byte(len(queue))) //nolint:gosec // it is no longer than longestQueue
		arguments = append(arguments, queue...)
		arguments = append(arguments, passively, 0, 0, 0, 0)
		out = frame(out, ch.number, queueDeclare, arguments)
		c.expect(ch, question{queueDeclareOK, q, at})
		q.asked[at]++
		q.sent[at] = time.Now()
	}
	return out
}

// open adds the frames that have to precede a question on the channel. It must be called under the lock.
func (c *channels) open(out []byte, ch *channel, q *inquiry) []byte {
	if ch.closed {
		out, ch.closed = frame(out, ch.number, channelCloseOK, nil), false
	}
	if !ch.opened {
		out, ch.opened = frame(out, ch.number, channelOpen, []byte{0}), true
		c.expect(ch, question{channelOpenOK, q, noQueue})
	}
	return out
}

// prove adds a question that concerns no queue: it opens the channel, or closes it. It must be called under the lock.
func (c *channels) prove(out []byte, ch *channel, q *inquiry) []byte {
	if !ch.opened {
		return c.open(out, ch, q)
	}
	ch.opened = false
	c.expect(ch, question{channelCloseOK, q, noQueue})
	const success = 200
	arguments := append(binary.BigEndian.AppendUint16(nil, success), 0, 0, 0, 0, 0)
	return frame(out, ch.number, channelClose, arguments)
}

const noQueue = -1

func (c *channels) expect(ch *channel, one question) {
	ch.pending = append(ch.pending, one)
	c.waiting++
}

func (c *channels) write(out []byte) error {
	if _, err := c.socket.Write(out); err != nil {
		return fmt.Errorf("asking: %w", err)
	}
	return nil
}

// frame adds a method's frame.
func frame(to []byte, channel uint16, method uint32, arguments []byte) []byte {
	to = append(to, methodFrame)
	to = binary.BigEndian.AppendUint16(to, channel)
	to = binary.BigEndian.AppendUint32(to, uint32(4+len(arguments))) //nolint:gosec // a few hundred
	to = binary.BigEndian.AppendUint32(to, method)
	to = append(to, arguments...)
	return append(to, frameEnd)
}

// news returns what has arrived for an inquiry since the last call, and how many queues are unanswered.
func (c *channels) news(q *inquiry) (results []result, lost []int, unanswered int, alive bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	results, lost = q.results, q.lost
	q.results, q.lost = nil, nil
	return results, lost, q.unanswered, q.alive, c.broken
}

// end ends an inquiry, and returns the queues that are unanswered and how many channels wait for an answer that is of no use any more.
func (c *channels) end(q *inquiry) (unanswered []int, abandoned int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	q.ended = true
	for at, answered := range q.answered {
		if !answered {
			unanswered = append(unanswered, at)
		}
	}
	for _, ch := range c.made {
		for _, one := range ch.pending {
			if one.of == q {
				c.waiting--
			}
		}
		if len(ch.pending) > 0 && ch.pending[0].of.ended {
			abandoned++
		}
	}
	return unanswered, abandoned
}

// waitsForMany reports whether more answers are to come than arrive together anyway.
func (c *channels) waitsForMany() bool {
	const few = 8
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waiting > few
}

// receive takes a method that the broker sent on a channel. Its error is the end of the connection.
func (c *channels) receive(number uint16, content []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if int(number) > len(c.made) || len(content) < 4 {
		return c.fail(errOutOfTurn)
	}
	ch, method, arguments := c.made[number-1], binary.BigEndian.Uint32(content), content[4:]
	if method == channelClose && ch.opened {
		c.refused(ch, parseRefusal(arguments))
		return nil
	}
	if len(ch.pending) == 0 || ch.pending[0].answer != method {
		return c.fail(errOutOfTurn)
	}
	one := ch.pending[0]
	if method != queueDeclareOK {
		one.of.alive = true
	} else if seen, is := parseFigures(arguments); is {
		one.of.answer(result{at: one.at, seen: seen})
	} else {
		return c.fail(errOutOfTurn)
	}
	c.touched = append(c.touched, one.of)
	c.settle(ch, ch.pending[1:])
	return nil
}

// flush signals the progress that was received. The reader of the connection calls it when it has to wait: a signal for each answer would
// cost more than the answer.
func (c *channels) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, q := range c.touched {
		news.Signal(q.progress)
	}
	c.touched = c.touched[:0]
}

// refused takes that the broker has closed a channel for the first question about a queue on it. Those after it have no answer.
func (c *channels) refused(ch *channel, refusal *amqp.Error) {
	ch.opened, ch.closed = false, true
	if len(ch.pending) == 0 {
		return
	}
	first := true
	for _, one := range ch.pending {
		c.touched = append(c.touched, one.of)
		switch {
		case one.at == noQueue:
		case first:
			first = false
			one.of.answer(result{at: one.at, refusal: refusal})
		default:
			one.of.lose(one.at)
		}
	}
	c.settle(ch, nil)
}

// settle leaves the channel with these pending questions.
func (c *channels) settle(ch *channel, pending []question) {
	for _, one := range ch.pending[:len(ch.pending)-len(pending)] {
		if !one.of.ended {
			c.waiting--
		}
	}
	if ch.pending = pending; len(pending) == 0 {
		ch.pending = nil
		c.free = append(c.free, ch)
	}
}

func (q *inquiry) answer(of result) {
	q.asked[of.at]--
	if !q.answered[of.at] && !q.ended {
		q.answered[of.at] = true
		q.unanswered--
		of.took = time.Since(q.sent[of.at])
		q.results = append(q.results, of)
	}
}

func (q *inquiry) lose(at int) {
	if q.asked[at]--; q.asked[at] == 0 && !q.answered[at] {
		q.lost = append(q.lost, at)
	}
}

// fail ends all questions. It must be called under the lock.
func (c *channels) fail(why error) error {
	if c.broken == nil {
		c.broken = why
	}
	for _, ch := range c.made {
		for _, one := range ch.pending {
			news.Signal(one.of.progress)
		}
	}
	return why
}

// close ends all questions because the connection has ended.
func (c *channels) close(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.fail(why)
}

// parseFigures reads what follows the queue's name.
func parseFigures(arguments []byte) (seen figures, is bool) {
	if len(arguments) == 0 || len(arguments) < 1+int(arguments[0])+8 {
		return figures{}, false
	}
	numbers := arguments[1+int(arguments[0]):]
	return figures{messages: binary.BigEndian.Uint32(numbers), consumers: binary.BigEndian.Uint32(numbers[4:])}, true
}

// parseRefusal reads code and text.
func parseRefusal(arguments []byte) *amqp.Error {
	if len(arguments) < 3 || len(arguments) < 3+int(arguments[2]) {
		return &amqp.Error{Code: amqp.SyntaxError, Reason: "the broker closed the channel"}
	}
	return &amqp.Error{Code: int(binary.BigEndian.Uint16(arguments)), Reason: string(arguments[3 : 3+int(arguments[2])])}
}
