//! DNS messages (RFC 1035) into the names they tie to addresses.
