"""Code from a git repository: one bare mirror a repository, and a real checkout for each run."""
