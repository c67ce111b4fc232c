"""Runs in the Python that is compiled for: this machine's, or Lambda's (compile.mjs).

Bytecode that is not held against its source: Lambda's and the emulator's files have other times than ours, and a
package's files never change. Modules that are not for this Python are left as they are.
"""

import compileall
import sys
from py_compile import PycInvalidationMode


def compile_tree(folder: str) -> None:
    compileall.compile_dir(
        folder, quiet=2, stripdir=folder, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH, workers=1
    )


if __name__ == "__main__":
    compile_tree(sys.argv[1])
