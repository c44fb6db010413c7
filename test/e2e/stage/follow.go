package stage

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// watchable is a client's objects of one type in one namespace, such as Jobs; List is the type of a list of them.
type watchable[List metav1.ListInterface] interface {
	List(ctx context.Context, options metav1.ListOptions) (List, error)
	Watch(ctx context.Context, options metav1.ListOptions) (watch.Interface, error)
}

// follow shows every state of every object from now on until the test ends, and its last one when it is gone. It goes on by
// itself when the API server closes the watch.
func follow[Object runtime.Object, List metav1.ListInterface](s *Scenario, objects watchable[List], see func(object Object, isGone bool)) {
	s.t.Helper()
	ctx := s.t.Context()
	now, err := objects.List(ctx, metav1.ListOptions{})
	s.Fatal(err)
	watching, err := watchtools.NewRetryWatcherWithContext(ctx, now.GetResourceVersion(), &cache.ListWatch{
		WatchFuncWithContext: objects.Watch,
	})
	s.Fatal(err)
	go func() {
		for event := range watching.ResultChan() {
			if object, is := event.Object.(Object); is {
				see(object, event.Type == watch.Deleted)
			}
		}
	}()
}
