"""What holds on the embedded stack, on any endpoint."""

from tests.stack.test_stack_flows import *  # noqa: F403 - the very same tests
