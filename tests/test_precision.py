"""What JAX is told before it starts, and that a user's own flags win."""

import os
import subprocess
import sys

import pytest

PATIENCE = "--xla_cpu_collective_call_terminate_timeout_seconds"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", "--xla_force_host_platform_device_count=3"),
        ("--xla_force_host_platform_device_count=1", "--xla_force_host_platform_device_count=1"),
        ("--xla_backend_extra_options=a=b", "--xla_backend_extra_options=a=b"),
        (f"{PATIENCE}=60", f"{PATIENCE}=60"),
    ],
)
def test_flags_are_added_and_a_users_own_are_kept(given: str, expected: str) -> None:
    program = "import os; from subnet.precision import use_all_cores; use_all_cores(3); print(os.environ['XLA_FLAGS'])"
    environment = {**os.environ, "XLA_FLAGS": given}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    flags = done.stdout.split()
    assert expected in flags
    assert len({flag.split("=")[0] for flag in flags}) == len(flags)


def test_every_core_is_a_device_of_its_own() -> None:
    program = (
        "from subnet.precision import use_all_cores, enable_x64; use_all_cores(2); enable_x64();"
        "import jax; print(len(jax.devices('cpu')), jax.numpy.ones(1).dtype)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "float64"]
