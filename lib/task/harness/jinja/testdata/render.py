"""Renders the templates of standard input, one JSON string a line, with Jinja2 as
lm-evaluation-harness sets it up; the first line is an object with the variables.
Writes a JSON list a line: whether it rendered, and the text or the error."""

import json
import re
import sys

from jinja2 import BaseLoader, Environment, StrictUndefined

# optimized would compute constants of branches that are not taken, and raise their errors
env = Environment(loader=BaseLoader, undefined=StrictUndefined, keep_trailing_newline=True, optimized=False)
env.filters["regex_replace"] = lambda s, pattern, repl, count=0: re.sub(pattern, repl, s, count=count)
variables = json.loads(sys.stdin.readline())
for line in sys.stdin:
    try:
        # a copy, since templates change lists
        text = env.from_string(json.loads(line)).render(**json.loads(json.dumps(variables)))
        text.encode()
        print(json.dumps([True, text]))
    except RecursionError:
        print(json.dumps([False, "RecursionError"]))
    except Exception as e:  # whatever the template raises is its result
        print(json.dumps([False, f"{type(e).__name__}: {e}"[:200]]))
