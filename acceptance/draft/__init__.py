"""A contract drafted from a deployment as it is found: what its owner reads, corrects and keeps."""
