// Package clientcert checks the certificates, private keys and authorities of TLS before a client connects with them, and
// opens encrypted keys; it reads when certificates expire. All of them are PEM. Its errors repeat nothing of what it reads.
package clientcert
