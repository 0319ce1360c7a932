package report

// Epoch is the instant at which every run begins in what other tools read, and want a
// date in: 2000-01-01T00:00:00Z, in seconds since 1970. Runs have none of their own; it is
// always the same one, so that the same run gives the same bytes.
const Epoch = 946_684_800
