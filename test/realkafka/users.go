package realkafka

import (
	"fmt"
	"strings"
)

// The users of a secure broker. Each of them can log in with PLAIN and with
// SCRAM, with the password that Password returns.
const (
	Admin  = "admin"  // A super user.
	Reader = "reader" // No rights until a test creates ACLs for it.
	Nobody = "nobody" // No rights, for tests that want a refusal.
)

// CertificatePrincipal is who the client of ClientCertFile is on the SSL
// listener. It has no rights until a test creates ACLs for it.
const CertificatePrincipal = "User:CN=" + clientName

// Password returns the password of one of this package's users.
func Password(user string) string { return user + "-password" }

func users() []string { return []string{Admin, Reader, Nobody} }

// scramArguments are the arguments of Kafka's storage tool that create the users
// for SCRAM, whose credentials live in the cluster's metadata.
func scramArguments() []string {
	var arguments []string

	for _, user := range users() {
		for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
			arguments = append(arguments,
				"--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, user, Password(user)))
		}
	}

	return arguments
}

// securityProperties are the settings of the authenticated listeners.
func securityProperties(b *Broker) []string {
	const (
		scram = "org.apache.kafka.common.security.scram.ScramLoginModule required"
		oauth = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required " +
			`unsecuredLoginStringClaim_sub="broker"`
	)

	lines := []string{
		"authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
		"super.users=User:ANONYMOUS;User:" + Admin,
		"sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",

		// A client may show a certificate; one that is shown must be right.
		"ssl.client.auth=requested",
		"ssl.keystore.type=PEM",
		"ssl.keystore.location=" + b.file(serverKeystoreFile),
		"ssl.truststore.type=PEM",
		"ssl.truststore.location=" + b.CAFile(),
	}

	for _, listener := range []string{"sasl_plaintext", "sasl_ssl"} {
		prefix := "listener.name." + listener
		lines = append(lines,
			prefix+".plain.sasl.jaas.config="+plainLogin()+";",
			prefix+".scram-sha-256.sasl.jaas.config="+scram+";",
			prefix+".scram-sha-512.sasl.jaas.config="+scram+";",
			prefix+".oauthbearer.sasl.jaas.config="+oauth+";")
	}

	return lines
}

// plainLogin lists the users for PLAIN, whose passwords live in the settings.
func plainLogin() string {
	login := []string{"org.apache.kafka.common.security.plain.PlainLoginModule required"}
	for _, user := range users() {
		login = append(login, fmt.Sprintf("user_%s=%q", user, Password(user)))
	}

	return strings.Join(login, " ")
}
