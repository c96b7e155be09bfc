"""What a record is good for: to run it again, to check that the result is the same, to say why it is not."""
