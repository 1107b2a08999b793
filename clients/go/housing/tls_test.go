package housing_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"housing-grpc/clients/go/housing"
	pb "housing-grpc/clients/go/housing/housingv1"
)

// authority signs certificates, for as long as a test takes.
type authority struct {
	t           *testing.T
	folder      string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, folder: t.TempDir()}
	a.issue("ca", true)
	return a
}

func (a *authority) file(name string) string { return filepath.Join(a.folder, name) }

// issue writes a certificate for localhost to name.pem, and its key to name.key.
func (a *authority) issue(name string, isCA bool) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	a.check(err)
	wanted := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: isCA, BasicConstraintsValid: true,
	}
	if isCA {
		a.certificate, a.key = wanted, key
	}
	signed, err := x509.CreateCertificate(rand.Reader, wanted, a.certificate, &key.PublicKey, a.key)
	a.check(err)
	bare, err := x509.MarshalPKCS8PrivateKey(key)
	a.check(err)
	a.write(name+".pem", "CERTIFICATE", signed)
	a.write(name+".key", "PRIVATE KEY", bare)
}

func (a *authority) write(name, kind string, content []byte) {
	a.t.Helper()
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content})
	a.check(os.WriteFile(a.file(name), text, 0o600))
}

func (a *authority) check(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

// serve starts a server that asks who the client is, and returns its address.
func (a *authority) serve() string {
	a.t.Helper()
	a.issue("server", false)
	pair, err := tls.LoadX509KeyPair(a.file("server.pem"), a.file("server.key"))
	a.check(err)
	trusted := x509.NewCertPool()
	content, err := os.ReadFile(a.file("ca.pem"))
	a.check(err)
	trusted.AppendCertsFromPEM(content)
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{pair}, ClientCAs: trusted,
		ClientAuth: tls.RequireAndVerifyClientCert,
	})))
	service := &fake{predict: func(context.Context, int) (*pb.PredictResponse, error) {
		return &pb.PredictResponse{Prediction: 24}, nil
	}}
	pb.RegisterPredictionServiceServer(server, service)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	a.check(err)
	go func() { _ = server.Serve(listener) }()
	a.t.Cleanup(server.Stop)
	return listener.Addr().String()
}

func TestCertificatesOfOnesOwn(t *testing.T) {
	a := newAuthority(t)
	target := a.serve()
	a.issue("client", false)
	whole := housing.TLSFiles{
		CA: a.file("ca.pem"), Certificate: a.file("client.pem"), Key: a.file("client.key"),
		ServerName: "localhost",
	}
	stranger := whole
	stranger.Certificate, stranger.Key = "", ""
	distrustful := whole
	distrustful.CA = ""
	for files, code := range map[housing.TLSFiles]codes.Code{
		whole: codes.OK, stranger: codes.Unavailable, distrustful: codes.Unavailable,
	} {
		client, err := housing.New(target, housing.WithTLSFiles(files))
		a.check(err)
		_, err = client.Predict(t.Context(), &housing.House{Rm: new(6.5)})
		if status.Code(err) != code {
			t.Errorf("%+v: %v", files, err)
		}
		_ = client.Close()
	}
}

func TestFilesThatCannotBeUsedAreNamed(t *testing.T) {
	a := newAuthority(t)
	a.issue("client", false)
	a.issue("other", false)
	for text, files := range map[string]housing.TLSFiles{
		"none.pem":           {CA: a.file("none.pem")},
		"holds no cert":      {CA: a.file("client.key")},
		"needs its key":      {Certificate: a.file("client.pem")},
		"key does not match": {Certificate: a.file("client.pem"), Key: a.file("other.key")},
	} {
		_, err := housing.New("localhost:1", housing.WithTLSFiles(files))
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
