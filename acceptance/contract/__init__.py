"""What is asked of a deployment: sentences in feature files, and a profile beside them."""
