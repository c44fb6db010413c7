package broker

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lagwise/lagwise/scalers/news"
)

// The methods of AMQP 0-9-1 that a pipeline speaks: class and number.
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

// pipeline asks about many queues at once: all questions go out in one write, and the broker answers in their order. The library has
// one question on a channel at a time, each a write and a read for both sides, which is most of what a question costs. So this channel
// is none of the library's, on the same connection (aside). One caller at a time.
type pipeline struct {
	socket net.Conn
	// channel is its own, and those up to last were of pipelines that were left behind.
	channel, last uint16

	mu sync.Mutex
	// opened says that the channel is open, closed that the broker closed it and was not answered yet.
	opened, closed bool
	pending        int
	answers        []figures
	refusal        *amqp.Error
	broken         error
	// progress holds a signal once nothing is pending any more.
	progress chan struct{}
}

// errOutOfTurn says that the broker, or what stands before it, does not answer questions in their order.
var errOutOfTurn = errors.New("an answer that nothing was asked for")

// figures are a queue's, as declaring it passively tells them.
type figures struct{ messages, consumers uint32 }

func newPipeline(socket net.Conn, channel, last uint16) *pipeline {
	return &pipeline{socket: socket, channel: channel, last: last, progress: make(chan struct{}, 1)}
}

// owns says whether what comes on a channel is none of the library's.
func (p *pipeline) owns(channel uint16) bool { return channel >= p.channel && channel <= p.last }

// ask declares the queues passively, and gives the figures of as many as were answered. A refusal is that of the next one, and closed
// the channel: those after it are to be asked for again. Any other error is the connection's, and the end of the pipeline.
func (p *pipeline) ask(ctx context.Context, queues []string) (answers []figures, refusal *amqp.Error, err error) {
	if err := p.send(queues); err != nil {
		return nil, nil, err
	}
	select {
	case <-p.progress:
	case <-ctx.Done():
		err = ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	answers, refusal = p.answers, p.refusal
	switch {
	case p.broken != nil:
		err = p.broken
	case p.pending == 0:
		err = nil // the answers came with the end of the time
	}
	return answers, refusal, err
}

// send writes all questions, and what has to go before them.
func (p *pipeline) send(queues []string) error {
	out, err := p.questions(queues)
	if err != nil {
		return err
	}
	if _, err := p.socket.Write(out); err != nil {
		return fmt.Errorf("asking: %w", err)
	}
	return nil
}

func (p *pipeline) questions(queues []string) (out []byte, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken != nil {
		return nil, p.broken
	}
	if p.closed {
		out = p.frame(out, channelCloseOK, nil)
	}
	if !p.opened {
		out = p.frame(out, channelOpen, []byte{0})
	}
	question := make([]byte, 0, longestQueue+8)
	for _, queue := range queues {
		question = append(question[:0], 0, 0, byte(len(queue))) //nolint:gosec // it is no longer than longestQueue
		question = append(question, queue...)
		question = append(question, passively, 0, 0, 0, 0)
		out = p.frame(out, queueDeclare, question)
	}
	p.opened, p.closed = true, false
	p.pending, p.answers, p.refusal = len(queues), make([]figures, 0, len(queues)), nil
	select {
	case <-p.progress:
	default:
	}
	return out, nil
}

func (p *pipeline) frame(to []byte, method uint32, arguments []byte) []byte {
	to = append(to, methodFrame)
	to = binary.BigEndian.AppendUint16(to, p.channel)
	to = binary.BigEndian.AppendUint32(to, uint32(4+len(arguments))) //nolint:gosec // a few hundred
	to = binary.BigEndian.AppendUint32(to, method)
	to = append(to, arguments...)
	return append(to, frameEnd)
}

// waitsForMany says whether more answers are to come than come together anyway.
func (p *pipeline) waitsForMany() bool {
	const few = 8
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pending > few
}

// take takes what the broker says on the channel.
func (p *pipeline) take(content []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	method, rest := uint32(0), content
	if len(content) >= 4 {
		method, rest = binary.BigEndian.Uint32(content), content[4:]
	}
	switch method {
	case channelOpenOK:
		return
	case queueDeclareOK:
		if seen, is := parseFigures(rest); is && p.pending > 0 {
			p.answers = append(p.answers, seen)
			if p.pending--; p.pending == 0 {
				news.Signal(p.progress)
			}
			return
		}
	case channelClose:
		p.refusal, p.opened, p.closed = parseRefusal(rest), false, true
		p.pending = 0
		news.Signal(p.progress)
		return
	}
	p.fail(errOutOfTurn)
}

// end says that the connection is gone.
func (p *pipeline) end(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail(why)
}

func (p *pipeline) fail(why error) {
	p.broken, p.pending = why, 0
	news.Signal(p.progress)
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
