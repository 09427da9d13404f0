"""The faults as data, and the matrix that runs them."""
