// Package cancellable gives up what knows no context.
package cancellable

import "context"

// Run does something that knows no context and leaves nothing behind. If the context ends first it returns false, and whatever is done meanwhile
// is given up. A panic is passed on.
func Run[T any](ctx context.Context, do func() T) (result T, done bool) {
	results := make(chan T, 1)
	panics := make(chan any, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				panics <- p
			}
		}()
		results <- do()
	}()
	select {
	case result = <-results:
		return result, true
	case p := <-panics:
		panic(p)
	case <-ctx.Done():
		return result, false
	}
}
