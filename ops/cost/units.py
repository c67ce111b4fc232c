"""What quantities are counted in."""

from typing import Final

K: Final = 1e3
M: Final = 1e6
GB: Final = 2.0**30
DAYS_PER_MONTH: Final = 365 / 12
