"""Where a run is carried out. A backend is a module with five functions on a run folder:

``render(plan: Plan, folder: RunFolder) -> str``
    The engine's own words for the job, for people to read. Pure.
``submit(plan: Plan, folder: RunFolder, world: World) -> str``
    Start the worker on the folder, somewhere; returns the backend's own id of the job.
``poll(job: str, folder: RunFolder) -> State``
    Where it stands.
``logs(job: str, folder: RunFolder) -> Iterator[bytes]``
    What it printed so far, and then what it prints until it ends.
``cancel(job: str, folder: RunFolder) -> None``
    End it; again is harmless.
"""
