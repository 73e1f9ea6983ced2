package sandbox

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	_ "image/gif"  // decodes sizes of photos
	_ "image/jpeg" // decodes sizes of photos
	_ "image/png"  // decodes sizes of photos
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

// Limits of files.
const (
	maxPhoto      = 10 << 20
	maxDownload   = 20 << 20
	maxPhotoSides = 10_000 // width + height
	maxPhotoRatio = 20
)

// storedFile is a file with its content.
type storedFile struct {
	File
	path    string
	photo   bool
	content []byte
}

// fileStore keeps files by id, dropping the oldest beyond its size.
type fileStore struct {
	mu    sync.Mutex
	size  int64
	limit int64
	byID  map[string]*storedFile
	paths map[string]*storedFile
	order []*storedFile
}

func newFileStore(limit int64) *fileStore {
	return &fileStore{limit: limit, byID: map[string]*storedFile{}, paths: map[string]*storedFile{}}
}

var (
	errEmptyFile = errors.New("file must be non-empty")
	errBigFile   = errors.New("file is too big")
	errNotImage  = errors.New("IMAGE_PROCESS_FAILED: not a PNG, JPEG or GIF picture")
	errDimension = errors.New("PHOTO_INVALID_DIMENSIONS")
)

func (fs *fileStore) put(name, mimeType string, content []byte) (*File, error) {
	switch {
	case len(content) == 0:
		return nil, errEmptyFile
	case len(content) > maxUpload:
		return nil, errBigFile
	}
	if mimeType == "" || mimeType == "application/octet-stream" {
		mimeType = mime.TypeByExtension(strings.ToLower(path.Ext(name)))
	}
	if mimeType == "" {
		mimeType = http.DetectContentType(content)
	}
	return fs.keep(&storedFile{File: File{Name: path.Base(name), MIME: mimeType, Size: len(content)}, content: content}), nil
}

func (fs *fileStore) putPhoto(name string, content []byte) (*File, error) {
	if len(content) == 0 {
		return nil, errEmptyFile
	}
	if len(content) > maxPhoto {
		return nil, errBigFile
	}
	cfg, format, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return nil, errNotImage
	}
	w, h := cfg.Width, cfg.Height
	if w < 1 || h < 1 || w+h > maxPhotoSides || max(w, h) > maxPhotoRatio*min(w, h) {
		return nil, fmt.Errorf("%w: %d×%d", errDimension, w, h)
	}
	return fs.keep(&storedFile{
		File:  File{Name: path.Base(name), MIME: "image/" + format, Size: len(content), Width: w, Height: h},
		photo: true, content: content,
	}), nil
}

// keep gives the file its ids and stores it.
func (fs *fileStore) keep(f *storedFile) *File {
	sum := sha256.Sum256(f.content)
	f.Unique = "AQAD" + hex.EncodeToString(sum[:8])
	f.ID = "AgACAgUAAx" + rand.Text()
	folder := "documents"
	if f.photo {
		folder = "photos"
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f.path = fmt.Sprintf("%s/file_%d%s", folder, len(fs.order), path.Ext(f.Name))
	for fs.paths[f.path] != nil {
		f.path = folder + "/" + f.ID + path.Ext(f.Name)
	}
	fs.byID[f.ID], fs.paths[f.path] = f, f
	fs.order = append(fs.order, f)
	fs.size += int64(len(f.content))
	for fs.size > fs.limit && len(fs.order) > 1 {
		old := fs.order[0]
		fs.order = fs.order[1:]
		fs.size -= int64(len(old.content))
		delete(fs.byID, old.ID)
		delete(fs.paths, old.path)
	}
	shown := f.File
	return &shown
}

func (fs *fileStore) get(id string) (*storedFile, bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f, ok := fs.byID[id]
	return f, ok
}

func (fs *fileStore) at(p string) (*storedFile, bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f, ok := fs.paths[p]
	return f, ok
}

// incoming finds the file that a request sends: the upload in its own field,
// one named by attach://, or an earlier file by its id.
func (s *Sandbox) incoming(p *params, field, ref string, photo bool) (*File, error) {
	up := p.file(field)
	if name, is := strings.CutPrefix(ref, "attach://"); is {
		if up = p.attached(name); up == nil {
			return nil, badForm("no file is attached as " + quoted(name))
		}
		p.used(name)
	} else if up != nil {
		p.used(field)
	}
	if up != nil {
		return s.store(up, photo)
	}
	if strings.Contains(ref, "://") {
		return nil, badState("failed to get HTTP URL content: the sandbox has no internet")
	}
	f, ok := s.files.get(ref)
	if !ok {
		return nil, badForm("wrong file identifier/HTTP URL specified")
	}
	if f.photo != photo {
		return nil, badForm("can't use a file of this type here")
	}
	shown := f.File
	return &shown, nil
}

func (s *Sandbox) store(up *upload, photo bool) (*File, error) {
	put := func() (*File, error) { return s.files.put(up.name, up.mime, up.content) }
	if photo {
		put = func() (*File, error) { return s.files.putPhoto(up.name, up.content) }
	}
	f, err := put()
	if err != nil {
		return nil, badForm(err.Error())
	}
	return f, nil
}

func (s *Sandbox) getFile(c *call) (any, error) {
	f, ok := s.files.get(c.str("file_id"))
	switch {
	case !ok:
		return nil, badForm("wrong file_id or the file is temporarily unavailable")
	case f.Size > maxDownload:
		return nil, badState("file is too big")
	}
	return wireFile{ID: f.ID, Unique: f.Unique, Size: f.Size, Path: f.path}, nil
}

// serveFile answers /file/bot<token>/<path>.
func (s *Sandbox) serveFile(w http.ResponseWriter, r *http.Request) {
	p, ok := strings.CutPrefix(r.URL.Path, "/file/bot"+s.cfg.Token+"/")
	if !ok {
		writeReply(w, reply{Code: http.StatusUnauthorized, Description: "Unauthorized"})
		return
	}
	f, ok := s.files.at(p)
	if !ok {
		writeReply(w, reply{Code: http.StatusNotFound, Description: "Not Found"})
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", itoa(f.Size))
	if r.Method != http.MethodHead {
		// The client may be gone; there is nobody left to tell.
		_, _ = w.Write(f.content)
	}
}
