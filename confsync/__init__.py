"""GitOps for the Stalwart mail server's in-memory store."""
