"""What a command reads and leaves: found, known by its content, kept.

Nothing here follows a link out of where the project said, waits for a pipe, or opens a device.
"""
