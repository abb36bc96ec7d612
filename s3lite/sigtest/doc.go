// Package sigtest compares s3lite's signatures with those of AWS's own signer. It is a module of
// its own, so that the main module needs no AWS code.
package sigtest
