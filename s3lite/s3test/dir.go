package s3test

// This file stores objects as plain files.

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"os"
	"path"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A directory stores the bytes of each object as a file below root, under the object's key. The
// type, the metadata and the checksum are in a JSON file per object in the folder meta. A JSON file
// counts only as long as the ETag in it is that of the object's bytes. So after a crash between two
// steps, or an edit by hand, the worst result is an object without metadata. Files are complete
// when they appear, because they are renamed into place. A key that is not a plain path below root
// ("a//b", "../a", "a/") does not exist and cannot be put.
type directory struct {
	root *os.Root
	meta string       // the folder of the JSON files; no key below it exists
	seq  atomic.Int64 // the number of the last temporary file

	mu   sync.Mutex
	tags map[string]tag // by key
}

// A tag is a file's ETag, the MD5 of its bytes. It is valid as long as the file's size and time
// stay the same.
type tag struct {
	size     int64
	modified time.Time
	etag     string
}

// A sidecar is the content of an object's JSON file.
type sidecar struct {
	Key          string            `json:"key"`
	ETag         string            `json:"etag"`
	ContentType  string            `json:"content_type,omitempty"`
	CacheControl string            `json:"cache_control,omitempty"`
	CRC32        string            `json:"crc32,omitempty"`
	Metadata     map[string]string `json:"metadata,omitempty"`

	Expires            string `json:"expires,omitempty"`
	ContentLanguage    string `json:"content_language,omitempty"`
	ContentDisposition string `json:"content_disposition,omitempty"`
	ContentEncoding    string `json:"content_encoding,omitempty"`

	CRC64NVME     string `json:"crc64nvme,omitempty"`
	StorageClass  string `json:"storage_class,omitempty"`
	ArchiveStatus string `json:"archive_status,omitempty"`
	Restore       string `json:"restore,omitempty"`
}

// valid reports whether key can be the name of an object's file: it does not leave root, and is
// neither meta nor below meta.
func (d *directory) valid(key string) bool {
	inMeta := key == d.meta || strings.HasPrefix(key, d.meta+"/")
	return fs.ValidPath(key) && key != "." && !inMeta && !strings.Contains(key, "\x00")
}

// sidecarName returns the name of key's JSON file. The name is a hash, because a key may be longer
// than the name of a file.
func (d *directory) sidecarName(key string) string {
	sum := sha256.Sum256([]byte(key))
	return d.meta + "/" + hex.EncodeToString(sum[:16]) + ".json"
}

// get returns the object under key and the object's size in bytes. Body is set only if withBody.
func (d *directory) get(key string, withBody bool) (*Object, int64, error) {
	if !d.valid(key) {
		return nil, 0, fs.ErrNotExist
	}
	// S3 gives the same answer for a key that is absent, too long, below a file, or outside of
	// root. A pipe is not opened, because that may block for ever.
	if info, err := d.root.Stat(key); err != nil || !info.Mode().IsRegular() {
		return nil, 0, fs.ErrNotExist
	}
	f, err := d.root.Open(key)
	if err != nil {
		return nil, 0, fs.ErrNotExist
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, 0, fs.ErrNotExist
	}
	o := &Object{Modified: info.ModTime(), ContentType: mime.TypeByExtension(path.Ext(key))}
	if withBody {
		if o.Body, err = io.ReadAll(f); err != nil {
			return nil, 0, err
		}
	}
	if o.ETag, err = d.etag(key, f, info, o.Body); err != nil {
		return nil, 0, err
	}
	d.addSidecar(key, o)
	if withBody {
		return o, int64(len(o.Body)), nil
	}
	return o, info.Size(), nil
}

// addSidecar fills in the fields of o that are in key's JSON file. It does nothing if there is no
// such file, or if the file is about other bytes than o's.
func (d *directory) addSidecar(key string, o *Object) {
	b, err := d.root.ReadFile(d.sidecarName(key))
	if err != nil {
		return
	}
	var m sidecar
	if err := json.Unmarshal(b, &m); err != nil || m.Key != key || m.ETag != o.ETag {
		return
	}
	o.ContentType, o.CacheControl, o.CRC32, o.Metadata = m.ContentType, m.CacheControl, m.CRC32, m.Metadata
	o.Expires, o.ContentLanguage = m.Expires, m.ContentLanguage
	o.ContentDisposition, o.ContentEncoding = m.ContentDisposition, m.ContentEncoding
	o.CRC64NVME, o.StorageClass = m.CRC64NVME, m.StorageClass
	o.ArchiveStatus, o.Restore = m.ArchiveStatus, m.Restore
}

// etag returns the ETag of f, the open file of key. body is the file's content if f was read to its
// end already, or else nil.
func (d *directory) etag(key string, f io.Reader, info fs.FileInfo, body []byte) (string, error) {
	d.mu.Lock()
	t, ok := d.tags[key]
	d.mu.Unlock()
	if ok && t.size == info.Size() && t.modified.Equal(info.ModTime()) {
		return t.etag, nil
	}
	h := md5.New()
	h.Write(body)
	if _, err := io.Copy(h, f); err != nil { // copies nothing if f was read to its end
		return "", err
	}
	t = tag{info.Size(), info.ModTime(), fmt.Sprintf(`"%x"`, h.Sum(nil))}
	d.mu.Lock()
	d.tags[key] = t
	d.mu.Unlock()
	return t.etag, nil
}

// put writes the object's file and then its JSON file.
func (d *directory) put(key string, o *Object) error {
	if !d.valid(key) {
		return fail(400, "InvalidRequest")
	}
	m, err := json.Marshal(sidecar{
		Key:                key,
		ETag:               o.ETag,
		ContentType:        o.ContentType,
		CacheControl:       o.CacheControl,
		CRC32:              o.CRC32,
		Metadata:           o.Metadata,
		Expires:            o.Expires,
		ContentLanguage:    o.ContentLanguage,
		ContentDisposition: o.ContentDisposition,
		ContentEncoding:    o.ContentEncoding,
		CRC64NVME:          o.CRC64NVME,
		StorageClass:       o.StorageClass,
		ArchiveStatus:      o.ArchiveStatus,
		Restore:            o.Restore,
	})
	if err != nil {
		return err
	}
	if err := d.replace(key, o.Body); err != nil {
		return err
	}
	d.mu.Lock()
	delete(d.tags, key) // the size and the time may be the same after two writes in quick succession
	d.mu.Unlock()
	return d.replace(d.sidecarName(key), m)
}

// replace writes b to a file in the folder meta and then renames it to name.
func (d *directory) replace(name string, b []byte) error {
	if err := d.root.MkdirAll(d.meta, 0o755); err != nil {
		return err
	}
	if err := d.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return fail(400, "InvalidRequest") // part of the path is an object
	}
	tmp := fmt.Sprintf("%s/%d-%d.tmp", d.meta, os.Getpid(), d.seq.Add(1))
	if err := d.root.WriteFile(tmp, b, 0o644); err != nil {
		d.root.Remove(tmp)
		return err
	}
	if err := d.root.Rename(tmp, name); err != nil {
		d.root.Remove(tmp)
		return fail(400, "InvalidRequest") // a folder of that name, or a name too long for a file
	}
	return nil
}

// delete removes the object's file and its JSON file, if there are any.
func (d *directory) delete(key string) error {
	if !d.valid(key) {
		return nil
	}
	if info, err := d.root.Stat(key); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	if err := d.root.Remove(key); err != nil {
		return err
	}
	if err := d.root.Remove(d.sidecarName(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// list returns the keys, sizes and times of the objects whose keys begin with prefix. It returns an
// ETag only if it is in d.tags, because computing it needs the whole file. It returns no storage
// classes, because what a JSON file says is valid only together with an ETag.
func (d *directory) list(prefix string) ([]entry, error) {
	var all []entry
	err := fs.WalkDir(d.root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil // an unreadable file does not exist
		}
		if e.IsDir() {
			inside := strings.HasPrefix(name+"/", prefix)               // all keys in it have the prefix
			above := name == "." || strings.HasPrefix(prefix, name+"/") // some keys in it may have the prefix
			if name == d.meta || (!inside && !above) {
				return fs.SkipDir
			}
			return nil
		}
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || !strings.HasPrefix(name, prefix) {
			return nil
		}
		d.mu.Lock()
		t := d.tags[name]
		d.mu.Unlock()
		if t.size != info.Size() || !t.modified.Equal(info.ModTime()) {
			t.etag = ""
		}
		all = append(all, entry{name, t.etag, info.Size(), info.ModTime(), ""})
		return nil
	})
	sort.Slice(all, func(i, j int) bool { return all[i].key < all[j].key })
	return all, err
}
