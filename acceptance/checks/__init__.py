"""Pure verdicts: what was seen against what was asked, and the message that a person will read."""
