package housing

import (
	"fmt"
	"net"
	"regexp"
	"strings"
)

const usualPort = "50051"

var (
	// Of the web, none of which gRPC knows; others may have a resolver of the caller's own.
	webScheme = regexp.MustCompile(`(?i)^(https?|grpcs?|tcp)://([^/]*)`)
	withPort  = regexp.MustCompile(`(?i)^(?:(?:dns:)?(?://[^/]*/)?)([^/]*)$`)
	ownScheme = regexp.MustCompile(`(?i)^[a-z][a-z0-9+.-]*:(?://|[^0-9])`)
	dnsScheme = regexp.MustCompile(`(?i)^dns:`)
)

// checkTarget says what is wrong with an address that gRPC would try all the same, or that leads
// to the port of HTTPS.
func checkTarget(target string) error {
	if found := webScheme.FindStringSubmatch(target); found != nil {
		encrypted := ""
		if strings.HasSuffix(strings.ToLower(found[1]), "s") {
			encrypted = ", and for encryption use WithTLS"
		}
		return fmt.Errorf("the target %q has a scheme that gRPC does not know; write %s%s",
			target, addPort(found[2]), encrypted)
	}
	if ownScheme.MatchString(target) && !dnsScheme.MatchString(target) {
		return nil
	}
	found := withPort.FindStringSubmatch(target)
	if found == nil {
		return nil
	}
	if _, port, err := net.SplitHostPort(found[1]); err != nil || port == "" {
		return fmt.Errorf("the target %q has no port; write %s", target, addPort(found[1]))
	}
	return nil
}

// addPort returns an address with the usual port, if it has none.
func addPort(address string) string {
	if host, port, err := net.SplitHostPort(address); err == nil && port != "" {
		return net.JoinHostPort(host, port)
	}
	host := strings.Trim(strings.TrimSuffix(address, ":"), "[]")
	if host == "" {
		host = "HOST"
	}
	return net.JoinHostPort(host, usualPort)
}
