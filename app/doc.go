// Package app is the product: its types, their rules and their SQL, one noun a
// file. It knows nothing of HTTP, Chrome, River or processes; the rooms that do
// call it. Everything a tenant owns is reached through App.In(tenant), so a
// query cannot forget whose rows it reads.
package app
