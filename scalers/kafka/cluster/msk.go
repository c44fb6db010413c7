package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-msk-iam-sasl-signer-go/signer"
	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// fetchMSKToken signs a token for Amazon MSK with what the AWS SDK finds: the environment, a service account's role, or the
// machine's. To Kafka it is a bearer token, which is a signed URL that nobody opens.
func fetchMSKToken(ctx context.Context, region string) (kafka.OAuthBearerToken, error) {
	token, expires, err := signer.GenerateAuthToken(ctx, region)
	if err != nil {
		return kafka.OAuthBearerToken{}, fmt.Errorf("no token from AWS for %s: %w", region, err)
	}
	return kafka.OAuthBearerToken{TokenValue: token, Expiration: time.UnixMilli(expires), Principal: "lagwise"}, nil
}
