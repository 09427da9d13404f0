"""The same checks as a good engineer would script them, to be measured against."""
