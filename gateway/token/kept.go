package token

import "sync"

// keptMax bounds what is kept per generation: tokens live 300 s, and there is a
// signer for each device that is at work.
const keptMax = 50_000

// kept holds what was verified before, by what it was verified from, in two
// generations of at most keptMax each: when the younger is full the older is dropped,
// and what is still asked for moves over. So it is bounded without a list of who
// came when.
type kept[K comparable, V any] struct {
	mu    sync.RWMutex
	young map[K]V
	old   map[K]V
}

func (k *kept[K, V]) get(key K) (V, bool) {
	k.mu.RLock()
	value, ok := k.young[key]
	old := false
	if !ok {
		value, old = k.old[key]
	}
	k.mu.RUnlock()
	if old {
		k.put(key, value)
	}
	return value, ok || old
}

func (k *kept[K, V]) put(key K, value V) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.young == nil || len(k.young) >= keptMax {
		k.old, k.young = k.young, make(map[K]V)
	}
	k.young[key] = value
}
