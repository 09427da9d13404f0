"""The emulated model providers: one listener each, a ledger, and switches to misbehave."""
