// Package server is the gRPC edge: it speaks KEDA's external scaler protocol, and asks the scalers behind it.
//
// Everything that KEDA needs from a server and the scalers need not know lives here: deadlines, the shape and the bounds
// of answers, the one table from causes to gRPC codes, the pace of pushes, and a shutdown that KEDA does not mistake for
// a failure. Nothing here knows where a metric comes from.
package server
