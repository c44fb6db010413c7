// Package lint finds what is wrong with ScaledObjects and ScaledJobs, and what will surprise their authors, before a cluster
// sees them. It is pure: workloads come in and findings go out. What a key may hold it knows from the scalers' key tables, and
// what a whole trigger may say from their factories, so no rule of a scaler is written a second time.
package lint
