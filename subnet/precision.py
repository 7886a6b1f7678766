"""Numbers and devices: the one place where JAX is told about 64 bits, cores and its compilation cache."""

import os
import sys

__all__ = ["enable_cache", "enable_x64", "use_all_cores"]

_CORES_FLAG = "--xla_force_host_platform_device_count"


def use_all_cores(cores: int | None = None) -> None:
    """Show each CPU core to JAX as a device of its own; to be called before JAX is imported.

    A flag of the user's in XLA_FLAGS wins.
    """
    if "jax" in sys.modules:
        return
    flags = os.environ.get("XLA_FLAGS", "")
    if _CORES_FLAG not in flags:
        available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        os.environ["XLA_FLAGS"] = f"{flags} {_CORES_FLAG}={cores or available}".strip()


def enable_x64() -> None:
    """Switch JAX to 64 bits: float64 results and the int64 of exact arithmetic."""
    import jax

    jax.config.update("jax_enable_x64", True)


def enable_cache() -> None:
    """Keep compiled programs between processes, in the user's cache folder unless JAX is told otherwise."""
    import jax

    if getattr(jax.config, "jax_compilation_cache_dir", None) is None:
        root = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        jax.config.update("jax_compilation_cache_dir", os.path.join(root, "subnetlab", "xla"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
