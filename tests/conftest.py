"""What every test stands on: 64 bits, and compiled programs kept between runs."""

from subnet.precision import enable_cache, enable_x64, use_all_cores

use_all_cores(2)
enable_x64()
enable_cache()
