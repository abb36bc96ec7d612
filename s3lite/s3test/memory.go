package s3test

import (
	"io/fs"
	"sort"
	"strings"
	"sync"
)

// A memory stores objects in a map. An Object in the map is never changed, only replaced.
type memory struct {
	mu      sync.RWMutex
	objects map[string]*Object
}

// get returns a copy of the object under key and the object's size in bytes. Body is set only if
// withBody.
func (m *memory) get(key string, withBody bool) (*Object, int64, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	o := m.objects[key]
	if o == nil {
		return nil, 0, fs.ErrNotExist
	}
	c := *o
	if !withBody {
		c.Body = nil
	}
	return &c, int64(len(o.Body)), nil
}

// put stores o under key.
func (m *memory) put(key string, o *Object) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.objects[key] = o
	return nil
}

// delete removes the object under key, if there is one.
func (m *memory) delete(key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, key)
	return nil
}

// list returns the objects whose keys begin with prefix.
func (m *memory) list(prefix string) ([]entry, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var all []entry
	for key, o := range m.objects {
		if strings.HasPrefix(key, prefix) {
			all = append(all, entry{key, o.ETag, int64(len(o.Body)), o.Modified, o.StorageClass})
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].key < all[j].key })
	return all, nil
}
