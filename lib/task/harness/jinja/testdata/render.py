"""Renders the templates of standard input, one JSON string a line, with Jinja2 as
lm-evaluation-harness sets it up; the first line is an object with the variables.
Writes a JSON list a line: whether it rendered, and the text or the error."""

import json
import re
import sys

from jinja2 import BaseLoader, Environment, StrictUndefined

env = Environment(loader=BaseLoader, undefined=StrictUndefined, keep_trailing_newline=True)
env.filters["regex_replace"] = lambda s, pattern, repl, count=0: re.sub(pattern, repl, s, count=count)
# without the constants of branches that are not taken, whose errors it raises
lazy = env.overlay(optimized=False)
variables = json.loads(sys.stdin.readline())


def render(environment, template):
    try:
        # a copy of the variables, since templates change lists
        text = environment.from_string(template).render(**json.loads(json.dumps(variables)))
        text.encode()
        return [True, text]
    except RecursionError:
        return [False, "RecursionError"]
    except Exception as e:  # whatever the template raises is its result
        return [False, f"{type(e).__name__}: {e}"[:200]]


for line in sys.stdin:
    template = json.loads(line)
    result = render(env, template)
    if not result[0]:
        result = render(lazy, template)
    print(json.dumps(result))
