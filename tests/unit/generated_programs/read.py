# For each event of a file, a line: the fields at fault, or the event as it was read.
from __future__ import annotations

import json
import sys
from pathlib import Path

from breakwater_events import InvalidEvent, parse

for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
    try:
        print(json.dumps({"event": parse(line).to_dict()}))
    except InvalidEvent as error:
        print(json.dumps({"fields": [problem.field for problem in error.problems]}))
