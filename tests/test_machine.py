"""Facts of the machine, from this one and from others' files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from reenact.codec import decode, encode
from reenact.machine import Gpu, Machine, read_machine


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_this_machine() -> None:
    machine = read_machine()
    assert machine.cpu_count == os.cpu_count()
    assert 0 < machine.cpu_limit <= machine.cpu_count
    assert machine.memory > 1 << 28
    assert machine.hostname == os.uname().nodename
    assert machine.python.endswith(sys.version.split()[0])
    assert machine.cpu_model and machine.system and machine.kernel
    assert decode(Machine, encode(machine)) == machine


def test_an_empty_root_is_no_error(tmp_path: Path) -> None:
    machine = read_machine(tmp_path)
    assert machine.gpus == ()
    assert machine.memory_limit is None


def test_limits_of_a_container(tmp_path: Path) -> None:
    root = put(
        tmp_path,
        {
            "proc/self/cgroup": "0::/a/b\n",
            "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
            "sys/fs/cgroup/a/cpu.max": "50000 100000\n",
            "sys/fs/cgroup/a/b/memory.max": "max\n",
            "sys/fs/cgroup/memory.max": "1073741824\n",
        },
    )
    machine = read_machine(root)
    assert machine.cpu_limit == 0.5
    assert machine.memory_limit == 1 << 30


def test_limits_of_a_container_of_the_first_version(tmp_path: Path) -> None:
    root = put(
        tmp_path,
        {
            "proc/self/cgroup": "5:memory:/a\n4:cpu,cpuacct:/a\n3:pids:/a\n",
            "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "25000\n",
            "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "2147483648\n",
        },
    )
    machine = read_machine(root)
    assert machine.cpu_limit == 0.25
    assert machine.memory_limit == 1 << 31


def test_nvidia(tmp_path: Path) -> None:
    root = put(
        tmp_path,
        {
            "proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19\n",
            "proc/driver/nvidia/gpus/0000:3b:00.0/information": "Model: \t\t NVIDIA A100-SXM4-40GB\nIRQ:   \t\t 1\n",
        },
    )
    assert read_machine(root).gpus == (Gpu("NVIDIA A100-SXM4-40GB", "535.104.05"),)


def test_amd(tmp_path: Path) -> None:
    nodes = "sys/class/kfd/kfd/topology/nodes"
    root = put(
        tmp_path,
        {
            f"{nodes}/0/properties": "cpu_cores_count 8\nsimd_count 0\n",
            f"{nodes}/1/properties": "cpu_cores_count 0\nsimd_count 416\n",
            f"{nodes}/1/name": "aldebaran\n",
        },
    )
    assert read_machine(root).gpus == (Gpu("aldebaran"),)
