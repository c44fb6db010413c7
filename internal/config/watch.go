package config

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// settle is how long files must have been left alone before they are read: an editor writes more than once, and
	// Kubernetes exchanges all files of a volume together.
	settle = 200 * time.Millisecond
	// lookAgain finds changes of which no event told, as on some network file systems.
	lookAgain = time.Minute
)

// Outcome is how a reload ended.
type Outcome string

// The outcomes of reloads.
const (
	Applied Outcome = "applied"
	Refused Outcome = "refused"
)

// Watch is how a configuration is kept up to date.
type Watch struct {
	Source Source
	// Apply takes a new configuration, whole and checked, into use. Its error says why it cannot; the old one stays then.
	Apply func(before, after Config, change Change) error
	// Hangup asks for the files to be read at once (SIGHUP); nil for never.
	Hangup <-chan os.Signal
	// Told is called after each reload that changed something, failed, or found that an earlier mistake is gone; nil for nobody.
	Told func(Outcome)
	Log  *slog.Logger
}

// Run reads the configuration again whenever one of its files changes, until ctx ends. What is wrong is logged and leaves
// everything as it was.
func (w Watch) Run(ctx context.Context, current Config) error {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watching the configuration: %w", err)
	}
	defer func() { _ = events.Close() }()
	follower := &follower{Watch: w, current: current, events: events}
	follower.run(ctx)
	return nil
}

// follower is a running Watch.
type follower struct {
	Watch
	current Config
	// complaint is the latest error, which is repeated only when somebody has done something.
	complaint string
	files     []string
	events    *fsnotify.Watcher
}

// concerns says whether one of the files may have another content now: it was touched itself, or Kubernetes has exchanged
// the link by which all files of a volume are reached.
func (f *follower) concerns(event fsnotify.Event) bool {
	return slices.Contains(f.files, filepath.Clean(event.Name)) || filepath.Base(event.Name) == "..data"
}

func (f *follower) run(ctx context.Context) {
	f.follow(f.current.files)
	f.reload(ctx, false) // what changed before the files were followed
	pause := time.NewTimer(lookAgain)
	defer pause.Stop()
	touched := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.Hangup:
			f.Log.InfoContext(ctx, "asked to read the configuration again")
			f.reload(ctx, true)
			pause.Reset(lookAgain)
		case event := <-f.events.Events:
			if f.concerns(event) {
				touched = true
				pause.Reset(settle)
			}
		case err := <-f.events.Errors:
			f.Log.WarnContext(ctx, "watching the configuration", "error", err)
			pause.Reset(settle)
		case <-pause.C:
			f.reload(ctx, touched)
			touched = false
			pause.Reset(lookAgain)
		}
	}
}

// reload reads everything. news says that there may be some: that somebody has asked, or has touched a file.
func (f *follower) reload(ctx context.Context, news bool) {
	config, files, err := f.Source.read()
	f.follow(files)
	change := Compare(f.current, config)
	if err == nil && !change.Nothing() {
		err = f.Apply(f.current, config, change)
	}
	if err != nil {
		if !news && err.Error() == f.complaint {
			return
		}
		f.complaint = err.Error()
		f.Log.ErrorContext(ctx, "the new configuration is wrong; the old one stays", "error", err)
		f.tell(Refused)
		return
	}
	mended := f.complaint != ""
	f.complaint = ""
	if change.Nothing() {
		if mended { // by going back to what is in effect
			f.tell(Applied)
		}
		return
	}
	f.current = config
	f.Log.InfoContext(ctx, "the configuration has changed", "effective", change.Live)
	if len(change.Restart) > 0 {
		f.Log.WarnContext(ctx, "changed settings wait for a restart", "settings", change.Restart)
	}
	f.tell(Applied)
}

func (f *follower) tell(outcome Outcome) {
	if f.Told != nil {
		f.Told(outcome)
	}
}

// follow watches the folders of the files. A file itself cannot be watched: Kubernetes exchanges a link beside it
// (..data), and editors rename.
func (f *follower) follow(files []string) {
	folders := f.events.WatchList()
	f.files = nil
	for _, file := range files {
		f.files = append(f.files, filepath.Clean(file))
		folder := filepath.Dir(file)
		if slices.Contains(folders, folder) {
			continue
		}
		folders = append(folders, folder)
		if err := f.events.Add(folder); err != nil {
			f.Log.Warn("changes in this folder are noticed within a minute only", "folder", folder, "error", err)
		}
	}
}
