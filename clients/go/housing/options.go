package housing

import (
	"context"
	"crypto/tls"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

const (
	defaultTimeout = 10 * time.Second
	// Warnings make answers larger than the 4 MiB that gRPC takes by default.
	largestAnswer = 64 << 20
)

// Calls go to all addresses of a name in turn. Those that change nothing are tried again when
// the server could not be reached; a stream goes on by itself, after its last answer.
const serviceConfig = `{
	"loadBalancingConfig": [{"round_robin": {}}],
	"methodConfig": [{
		"name": [
			{"service": "housing.v1.PredictionService", "method": "Predict"},
			{"service": "housing.v1.PredictionService", "method": "PredictBatch"},
			{"service": "housing.v1.ModelService", "method": "ModelInfo"},
			{"service": "housing.v1.FeedbackService", "method": "RecordOutcomes"},
			{"service": "housing.v1.FeedbackService", "method": "GetQuality"}
		],
		"retryPolicy": {
			"maxAttempts": 4,
			"initialBackoff": "0.1s",
			"maxBackoff": "2s",
			"backoffMultiplier": 2,
			"retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"]
		}
	}]
}`

// Pings only while a call is open. Servers take one as abuse if it comes much more often.
var alive = keepalive.ClientParameters{Time: time.Minute, Timeout: 20 * time.Second}

// Option changes how a client behaves.
type Option func(*options)

type options struct {
	timeout   time.Duration
	transport credentials.TransportCredentials
	more      []grpc.DialOption
	fault     error
}

func defaults() options {
	return options{timeout: defaultTimeout, transport: insecure.NewCredentials()}
}

func (o *options) dialOptions() []grpc.DialOption {
	return append([]grpc.DialOption{
		grpc.WithTransportCredentials(o.transport),
		grpc.WithDefaultServiceConfig(serviceConfig),
		grpc.WithKeepaliveParams(alive),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(largestAnswer)),
		grpc.WithUserAgent("housing-go"),
	}, o.more...)
}

// WithTimeout limits a call whose context has no deadline, and the wait for each answer of a
// stream. The default is 10 seconds.
func WithTimeout(timeout time.Duration) Option {
	return func(o *options) { o.timeout = timeout }
}

// WithTLS encrypts the connection; a nil configuration trusts what the system trusts.
func WithTLS(config *tls.Config) Option {
	return func(o *options) { o.transport = credentials.NewTLS(config) }
}

// WithTLSFiles encrypts the connection with certificates of one's own. [New] fails if a file
// cannot be used.
func WithTLSFiles(files TLSFiles) Option {
	return func(o *options) {
		config, err := files.config()
		o.transport, o.fault = credentials.NewTLS(config), err
	}
}

// WithAPIKey sends the key as x-api-key with every call. Without TLS anyone on the way can
// read it.
func WithAPIKey(key string) Option {
	return WithDialOptions(grpc.WithPerRPCCredentials(apiKey(key)))
}

// WithDialOptions adds options of gRPC itself, such as interceptors.
func WithDialOptions(more ...grpc.DialOption) Option {
	return func(o *options) { o.more = append(o.more, more...) }
}

type apiKey string

func (k apiKey) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"x-api-key": string(k)}, nil
}

func (k apiKey) RequireTransportSecurity() bool { return false }
