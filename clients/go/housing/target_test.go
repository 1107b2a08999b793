package housing_test

import (
	"strings"
	"testing"

	"housing-grpc/clients/go/housing"
)

func TestAnAddressThatIsNoneIsToldAtOnce(t *testing.T) {
	for target, text := range map[string]string{
		"http://localhost:50051/": "write localhost:50051",
		"HTTPS://prices.example":  "write prices.example:50051, and for encryption use WithTLS",
		"grpc://[::1]:1":          "write [::1]:1",
		"localhost":               `the target "localhost" has no port; write localhost:50051`,
		"localhost:":              "has no port; write localhost:50051",
		"::1":                     "has no port; write [::1]:50051",
		"dns:///prices.example":   "has no port; write prices.example:50051",
		"":                        "has no port; write HOST:50051",
	} {
		_, err := housing.New(target)
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", target, err)
		}
	}
}

func TestAnAddressOfGRPCIsTaken(t *testing.T) {
	for _, target := range []string{
		"localhost:1", "[::1]:1", "dns:localhost:1", "dns:///localhost:1",
		"dns://127.0.0.1:53/localhost:1", "unix:/run/a.sock", "unix:///run/a.sock",
		"passthrough:///fake",
	} {
		client, err := housing.New(target)
		if err != nil {
			t.Errorf("%q: %v", target, err)
			continue
		}
		_ = client.Close()
	}
}
