package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-msk-iam-sasl-signer-go/signer"
)

// roleSession is the name that AWS's logs show of who has assumed a role.
const roleSession = "lagwise"

// fetchMSKToken signs a token for Amazon MSK with what the AWS SDK finds: the environment, a service account's role, or the
// machine's; or with the role that the connection names, which that identity assumes. To Kafka it is a bearer token, which is a
// signed URL that nobody opens.
func fetchMSKToken(ctx context.Context, sasl SASL) (bearerToken, error) {
	if sasl.AWSRoleARN == "" {
		token, expires, err := signer.GenerateAuthToken(ctx, sasl.AWSRegion)
		return mskToken(token, expires, sasl.AWSRegion, err)
	}
	token, expires, err := signer.GenerateAuthTokenFromRoleWithExternalId(ctx, sasl.AWSRegion, sasl.AWSRoleARN, roleSession, sasl.AWSExternalID)
	return mskToken(token, expires, sasl.AWSRegion+" with role "+sasl.AWSRoleARN, err)
}

func mskToken(token string, expires int64, where string, err error) (bearerToken, error) {
	if err != nil {
		return bearerToken{}, fmt.Errorf("no token from AWS for %s: %w", where, err)
	}
	return bearerToken{value: token, expires: time.UnixMilli(expires)}, nil
}
