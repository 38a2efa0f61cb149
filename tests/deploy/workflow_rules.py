"""The rules that every workflow and every action of this repository keeps.

A rule is a function of one parsed file that yields what is wrong with it, as a text. Files are read
without YAML's own ideas of types, so `on` is a word and `true` is one, too.
"""

import pathlib
import re

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
RUNNERS = {"ubuntu-24.04", "ubuntu-24.04-arm"}
MINUTES_MAX = 120
# What may be written in the middle of a command, a key or a name: no person chose its text.
EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
KEYS = {"aws-access-key-id", "aws-secret-access-key", "aws-session-token", "username", "password"}
EVENTS = {"push", "pull_request", "schedule", "workflow_dispatch"}
WRITABLE = {"id-token", "attestations", "security-events"}
PROVING = ("aws-actions/configure-aws-credentials", "ossf/scorecard-action")


def parsed(path: pathlib.Path):
    return yaml.load(path.read_text(), Loader=yaml.BaseLoader)


def jobs(file):
    return file.get("jobs", {}).items()


def steps(file):
    """Every step, of every job or of an action."""
    found = [step for _, job in jobs(file) for step in job.get("steps", [])]
    return found + file.get("runs", {}).get("steps", [])


def named(step):
    return step.get("name") or step.get("uses") or step.get("run", "")[:40]


def uses(file, action):
    return [step for step in steps(file) if step.get("uses", "").startswith(action + "@")]


def events(file):
    if "jobs" in file:
        on = file.get("on", {})
        names = {on} if isinstance(on, str) else set(on)
        yield from (f"runs on {name}" for name in sorted(names - EVENTS))


def permissions(file):
    if "jobs" in file and file.get("permissions") != {}:
        yield "does not begin with `permissions: {}`"
    for name, job in jobs(file):
        given = job.get("permissions")
        if not isinstance(given, dict):
            yield f"job {name} does not say what it may do"
            continue
        for what, how in given.items():
            if how != "read" and (how != "write" or what not in WRITABLE):
                yield f"job {name} may {how} {what}"


def timeouts(file):
    for name, job in jobs(file):
        minutes = job.get("timeout-minutes", "")
        if not minutes.isdigit() or not 1 <= int(minutes) <= MINUTES_MAX:
            yield f"job {name} has no timeout of 1 to {MINUTES_MAX} minutes"


def concurrency(file):
    """A workflow says what becomes of a run that is overtaken; one that deploys, for each place."""
    deploying = {name: job for name, job in jobs(file) if "environment" in job}
    for name, place in (deploying or {"workflow": file} if "jobs" in file else {}).items():
        if not {"group", "cancel-in-progress"} <= set(place.get("concurrency", {})):
            yield f"{name} does not say what becomes of a run that is overtaken"


def runners(file):
    for name, job in jobs(file):
        runner = job.get("runs-on", "")
        matrix = job.get("strategy", {}).get("matrix", {})
        several = matrix.get("runner", [])
        several += [one.get("runner") for one in matrix.get("include", [])]
        for one in several if runner == "${{ matrix.runner }}" else [runner]:
            if one not in RUNNERS:
                yield f"job {name} runs on {one or 'nothing'}"
        image = job.get("container", {}).get("image", "debian:12")
        if not re.fullmatch(r"debian:1[23]", image):
            yield f"job {name} runs in {image}"


def pins(file):
    for step in steps(file):
        action = step.get("uses", "./")
        if not action.startswith("./") and not PINNED.fullmatch(action):
            yield f"{action} is not pinned by its commit"


def checkouts(file):
    for step in uses(file, "actions/checkout"):
        if step.get("with", {}).get("persist-credentials") != "false":
            yield "a checkout leaves its token behind"
        if "ref" in step.get("with", {}):
            yield "a checkout is of another commit than the run's"


def injection(file):
    for step in steps(file):
        if EXPRESSION.search(step.get("run", "")):
            yield f"`{named(step)}` has an expression in its commands; pass it by env"
        if "script" in step.get("with", {}):
            yield f"`{named(step)}` has a script"
        if re.search(r"GITHUB_(?:ENV|PATH)\b", step.get("run", "")):
            yield f"`{named(step)}` changes what later steps run"


def keys(file):
    for path, text in texts(file):
        if re.search(r"\bsecrets\s*[.\[]", text) or path[-1:] == ("secrets",):
            yield f"{'.'.join(path)} uses a secret that lives on"
        if re.search(r"AKIA[0-9A-Z]{16}|-----BEGIN|gh[pousr]_\w{20}|xox[bp]-", text):
            yield f"{'.'.join(path)} holds a key"
    for step in steps(file):
        for name in sorted(KEYS & set(step.get("with", {}))):
            yield f"`{named(step)}` is given {name}"


def texts(node, path=()):
    """(path, text) of every text in a file, keys included."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from texts(value, (*path, key))
    elif isinstance(node, list):
        for at, value in enumerate(node):
            yield from texts(value, (*path, str(at)))
    else:
        yield path, node


def roles(file):
    """Who proves who it is takes a role on, or signs; who deploys is an environment."""
    for name, job in jobs(file):
        given = job.get("permissions", {})
        job_steps = {"runs": {"steps": job.get("steps", [])}}
        takes = [step for action in PROVING for step in uses(job_steps, action)]
        takes += [step for step in job.get("steps", [])
                  if step.get("uses") == "./.github/actions/terraform"]
        if ("id-token" in given) != bool(takes):
            yield f"job {name} proves who it is for nothing, or takes a role on without"
        roles_taken = {step.get("with", {}).get(key, "") for step in takes
                       for key in ("role", "role-to-assume")}
        if ("${{ vars.AWS_DEPLOY_ROLE }}" in roles_taken) != ("environment" in job):
            yield f"job {name} deploys outside of an environment"


def silence(file):
    """The original's pipeline went on whatever failed. Here a step may, if a later one asks."""
    asked = " ".join(step.get("if", "") for step in steps(file))
    for place in [job for _, job in jobs(file)] + steps(file):
        if "continue-on-error" in place and f"steps.{place.get('id')}.outcome" not in asked:
            yield f"`{named(place)}` goes on after an error"
    for step in steps(file):
        if re.search(r"\|\|\s*(?:true|:)(?:\s|$)|set \+e", step.get("run", "")):
            yield f"`{named(step)}` hides an error"


def names(file):
    for what, place in [("the file", file), *((f"job {name}", job) for name, job in jobs(file))]:
        if not place.get("name"):
            yield f"{what} has no name"
    yield from (f"a step has no name: {named(step)}" for step in steps(file) if "name" not in step)


def shells(file):
    """In bash a pipe fails with any of its parts; what GitHub takes by itself is another shell."""
    if "jobs" in file and file.get("defaults") != {"run": {"shell": "bash"}}:
        yield "does not say that its commands are for bash"
    steps_of_action = file.get("runs", {}).get("steps", [])
    for step in steps(file):
        if "run" in step and step.get("shell") != ("bash" if steps_of_action else None):
            yield f"`{named(step)}` is for {step.get('shell', 'any shell')}"


def own_actions(file):
    """What our own actions are given is what they take; GitHub's service does not look."""
    for step in steps(file):
        if not step.get("uses", "").startswith("./"):
            continue
        described = ROOT / step["uses"] / "action.yml"
        if not described.exists():
            yield f"{step['uses']} does not exist"
            continue
        inputs = parsed(described).get("inputs", {})
        given = set(step.get("with", {}))
        needed = {name for name, one in inputs.items() if one.get("required") == "true"}
        yield from (f"`{named(step)}` is not given {name}" for name in sorted(needed - given))
        yield from (f"`{named(step)}` takes no {name}" for name in sorted(given - set(inputs)))


def images(file):
    """An image is given all that it is to say of itself; the date comes from the environment."""
    asked = set(re.findall(r"^ARG (\w+)=", (ROOT / "Containerfile").read_text(), re.MULTILINE))
    for step in uses(file, "docker/build-push-action"):
        given = {line.partition("=")[0] for line in step["with"].get("build-args", "").split("\n")}
        given |= set(step.get("env", {}))
        yield from (f"`{named(step)}` is not given {name}" for name in sorted(asked - given))


RULES = [events, permissions, timeouts, concurrency, runners, pins, checkouts, injection, keys,
         roles, silence, names, shells, own_actions, images]


def faults(file):
    """(rule, what is wrong) of everything that is."""
    return [(rule.__name__, text) for rule in RULES for text in rule(file)]
