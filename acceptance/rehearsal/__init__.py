"""An upgrade before it happens: one deployment, two pairs of versions, the same volumes."""
