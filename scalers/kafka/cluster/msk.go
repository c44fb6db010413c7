package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-msk-iam-sasl-signer-go/signer"
	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// roleSession is the name that AWS's logs show of who has assumed a role.
const roleSession = "lagwise"

// fetchMSKToken signs a token for Amazon MSK with what the AWS SDK finds: the environment, a service account's role, or the
// machine's; or with the role that the connection names, which that identity assumes. To Kafka it is a bearer token, which is a
// signed URL that nobody opens.
func fetchMSKToken(ctx context.Context, sasl SASL) (kafka.OAuthBearerToken, error) {
	if sasl.AWSRoleARN == "" {
		token, expires, err := signer.GenerateAuthToken(ctx, sasl.AWSRegion)
		return mskToken(token, expires, sasl.AWSRegion, err)
	}
	token, expires, err := signer.GenerateAuthTokenFromRoleWithExternalId(ctx, sasl.AWSRegion, sasl.AWSRoleARN, roleSession, sasl.AWSExternalID)
	return mskToken(token, expires, sasl.AWSRegion+" with role "+sasl.AWSRoleARN, err)
}

func mskToken(token string, expires int64, where string, err error) (kafka.OAuthBearerToken, error) {
	if err != nil {
		return kafka.OAuthBearerToken{}, fmt.Errorf("no token from AWS for %s: %w", where, err)
	}
	return kafka.OAuthBearerToken{TokenValue: token, Expiration: time.UnixMilli(expires), Principal: "lagwise"}, nil
}
