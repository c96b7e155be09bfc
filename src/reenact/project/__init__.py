"""What the author wrote: an MLproject file, or the convention for projects without one."""
