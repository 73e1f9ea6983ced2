package sandbox_test

import (
	"bytes"
	"image"
	"image/png"
	"testing"
)

// picture is a PNG of the size.
func picture(t *testing.T, w, h int) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
