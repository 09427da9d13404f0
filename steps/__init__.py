"""The translation: one sentence is one call of a driver, or one assertion."""
