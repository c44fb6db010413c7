// Package schema makes JSON schemas of the scalers' key tables, for editors that complete and check as people type. A schema
// refuses less than lagwise does, because bounds and what keys say together cannot all be told in it, and never what lagwise takes:
// but for keys that nobody knows, which lagwise ignores and an editor should underline.
package schema
