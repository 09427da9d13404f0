"""For those who work on the suite: it is broken here in every known way. Users never need this."""
