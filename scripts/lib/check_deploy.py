"""What is below deploy/, checked: python3 check_deploy.py ROOT FOLDER-OF-TOOLS [--brief].

Says for each check whether it was passed, failed, or could not be done for want of a tool; with --brief only what failed.
Exits 1 when one failed.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(sys.argv[1])
TOOLS = os.path.abspath(sys.argv[2])
BRIEF = "--brief" in sys.argv
DEPLOY = os.path.join(ROOT, "deploy")
KUBERNETES = os.path.join(DEPLOY, "kubernetes")
BUILT = ["base", "setup", "overlays/keda", "overlays/job-per-pod"]
# systemd-analyze counts from 0, safe, to 100.
EXPOSURE = 25

# What KEDA wants of the fields that are used here. Its own definitions come with its operator and not with any tool, so
# that this is all that is checked of its objects.
KEDA = {
    "ScaledObject": {
        "scaleTargetRef!": {"name!"},
        "pollingInterval": int,
        "cooldownPeriod": int,
        "minReplicaCount": int,
        "maxReplicaCount": int,
        "fallback": {"failureThreshold!", "replicas!", "behavior"},
        "advanced": {"horizontalPodAutoscalerConfig"},
        "triggers!": list,
    },
    "ScaledJob": {
        "jobTargetRef!": {"parallelism", "completions", "backoffLimit", "ttlSecondsAfterFinished", "template!"},
        "pollingInterval": int,
        "minReplicaCount": int,
        "maxReplicaCount": int,
        "successfulJobsHistoryLimit": int,
        "failedJobsHistoryLimit": int,
        "rollout": {"strategy"},
        "scalingStrategy": {"strategy"},
        "triggers!": list,
    },
    "TriggerAuthentication": {"secretTargetRef!": list},
}

outcomes = []


def report(name, problems, skipped=None):
    if skipped:
        if not BRIEF:
            print(f"skipped  {name}: {skipped}")
        return
    outcomes.append(not problems)
    if BRIEF and not problems:
        return
    print(f"{'ok' if not problems else 'FAILED':8} {name}")
    for problem in problems:
        print(f"         {problem}")


def tool(name):
    if os.access(os.path.join(TOOLS, name), os.X_OK):
        return os.path.join(TOOLS, name)
    return shutil.which(name)


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def files(*endings):
    for parent, folders, names in os.walk(DEPLOY):
        folders[:] = sorted(name for name in folders if name != "secrets")
        yield from (os.path.join(parent, name) for name in sorted(names) if name.endswith(endings))


def check_with(name, program, *arguments):
    path = tool(program)
    if path is None:
        return report(name, [], f"there is no {program}; --install brings it")
    done = run(path, *arguments)
    lines = (done.stdout + done.stderr).strip().splitlines()
    return report(name, [] if done.returncode == 0 else lines or [f"{program} ended with {done.returncode}"])


def check_yaml():
    rules = {
        "extends": "default",
        "rules": {
            "document-start": "disable",
            "line-length": {"max": 120},
            "braces": {"max-spaces-inside": 1},
            "comments": {"min-spaces-from-content": 1},
        },
    }
    check_with("YAML", "yamllint", "--strict", "--config-data", json.dumps(rules), *files(".yaml"))


def check_scripts():
    problems = []
    for path in [os.path.join(DEPLOY, "compose/make-secrets"), os.path.join(DEPLOY, "compose/make-bucket.sh")]:
        problems += run("bash", "-n", path).stderr.splitlines()
    for path in files(".json"):
        try:
            with open(path, encoding="utf-8") as file:
                json.load(file)
        except ValueError as error:
            problems.append(f"{path}: {error}")
    report("scripts and JSON", problems)


def check_definitions():
    """Rights and policies for every role come out, and no password does."""
    problems = []
    roles = ["worker", "operator", "publisher", "watcher", "autoscaler"]
    with tempfile.TemporaryDirectory() as folder:
        for role in roles:
            with open(os.path.join(folder, role), "w", encoding="utf-8") as file:
                file.write(f"a-password-of-{role}")
        done = run(sys.executable, os.path.join(DEPLOY, "rabbitmq/make-definitions"), "--passwords", folder)
    if done.returncode != 0:
        return report("RabbitMQ definitions", done.stderr.splitlines())
    made = json.loads(done.stdout)
    if "a-password-of" in done.stdout:
        problems.append("a password is written out")
    if {user["name"] for user in made["users"]} != {f"longshore-{role}" for role in roles}:
        problems.append("not every role is a user")
    for entry in made["permissions"] + made["topic_permissions"]:
        for right in ("configure", "write", "read"):
            pattern = entry.get(right, "")
            re.compile(pattern)
            if pattern and not (pattern.startswith("^") and pattern.endswith("$")):
                problems.append(f"{entry['user']}: {right} '{pattern}' is open at an end")
    return report("RabbitMQ definitions", problems)


def check_secrets():
    """Every secret that the compose file hands out is made, and every one that somebody reads is handed out."""
    compose = os.path.join(DEPLOY, "compose")
    with open(os.path.join(compose, "compose.yaml"), encoding="utf-8") as file:
        handed = dict(re.findall(r"^  ([\w.-]+): \{ file: (secrets/\S+) \}$", file.read(), flags=re.MULTILINE))
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(DEPLOY, os.path.join(folder, "deploy"), ignore=shutil.ignore_patterns("secrets"))
        done = run(os.path.join(folder, "deploy/compose/make-secrets"))
        problems += done.stderr.splitlines() if done.returncode != 0 else []
        made = os.path.join(folder, "deploy/compose")
        problems += [f"{path} is not made" for path in handed.values() if not os.path.isfile(os.path.join(made, path))]
    for name in sorted(os.listdir(compose)):
        path = os.path.join(compose, name)
        if not os.path.isfile(path):
            continue
        with open(path, encoding="utf-8") as file:
            read = set(re.findall(r"/run/secrets/([\w.-]+)", file.read()))
        problems += [f"{name} reads the secret {secret}, which there is not" for secret in sorted(read - set(handed))]
    report("secrets of the compose file", problems)


def check_units():
    path = tool("systemd-analyze")
    if path is None:
        return report("systemd units", [], "there is no systemd-analyze")
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        units = []
        for name, instance in [("longshore-worker.service", None), ("longshore-worker@.service", "8481")]:
            with open(os.path.join(DEPLOY, "systemd", name), encoding="utf-8") as file:
                # The program need not be installed where this is checked.
                text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", file.read(), flags=re.MULTILINE)
            units.append(os.path.join(folder, name.replace("@", f"@{instance}") if instance else name))
            for target in {os.path.join(folder, name), units[-1]}:
                with open(target, "w", encoding="utf-8") as file:
                    file.write(text)
        verified = run(path, "verify", "--man=no", *units)
        # An unknown setting is only a warning to it.
        said = verified.stderr.splitlines()
        problems += said if verified.returncode != 0 else [line for line in said if "longshore-worker" in line]
        for unit in units:
            scored = run(path, "security", "--offline=true", f"--threshold={EXPOSURE}", unit)
            level = re.search(r"Overall exposure level.*", scored.stdout)
            if scored.returncode != 0:
                problems.append(level[0] if level else scored.stderr.strip())
            elif level and not BRIEF:
                print(f"         {level[0]}")
    return report("systemd units", problems)


def check_resources():
    validator = tool("kubernetes-validate")
    kubectl, kustomize = shutil.which("kubectl"), shutil.which("kustomize")
    with tempfile.TemporaryDirectory() as folder:
        built = []
        for name in BUILT:
            source = os.path.join(KUBERNETES, name)
            if kustomize is None and kubectl is None:
                report(f"Kustomize {name}", [], "there is neither kustomize nor kubectl")
                continue
            done = run(kustomize, "build", source) if kustomize else run(kubectl, "kustomize", source)
            report(f"Kustomize {name}", done.stderr.splitlines() if done.returncode != 0 else [])
            built.append(os.path.join(folder, name.replace("/", "-") + ".yaml"))
            with open(built[-1], "w", encoding="utf-8") as file:
                file.write(done.stdout)
        if validator is None:
            return report("Kubernetes schemas", [], "there is no kubernetes-validate; --install brings it")
        # Without Kustomize, the parts as they are.
        names = ("kustomization.yaml", "longshore.yaml", "scaled-job-fields.yaml")
        parts = [path for path in files(".yaml") if path.startswith(KUBERNETES) and not path.endswith(names)]
        done = run(validator, "--strict", *(built or parts))
        said = (done.stdout + done.stderr).splitlines()
        known = tuple(f"kind {kind} " for kind in KEDA)
        problems = [line for line in said if not line.startswith("INFO") and not any(kind in line for kind in known)]
        report("Kubernetes schemas", problems)
    return check_keda_and_drain()


def load_all():
    """Every document below deploy/kubernetes, or None where nothing here reads YAML."""
    reader = "import json, sys, yaml; print(json.dumps([d for p in sys.argv[1:] for d in yaml.safe_load_all(open(p))]))"
    for python in [tool("python3"), sys.executable, "/usr/bin/python3"]:
        done = run(python, "-c", reader, *(path for path in files(".yaml") if path.startswith(KUBERNETES)))
        if done.returncode == 0:
            return json.loads(done.stdout)
    return None


def fields(value, wanted, where):
    problems = []
    names = {name.rstrip("!") for name in wanted}
    problems += [f"{where}: unknown {name}" for name in value if name not in names]
    problems += [f"{where}: no {name[:-1]}" for name in wanted if name.endswith("!") and name[:-1] not in value]
    if isinstance(wanted, dict):
        for name, rule in wanted.items():
            part = value.get(name.rstrip("!"))
            if part is None:
                continue
            if isinstance(rule, type):
                if not isinstance(part, rule):
                    problems.append(f"{where}.{name}: not of type {rule.__name__}")
            else:
                problems += fields(part, rule, f"{where}.{name.rstrip('!')}")
    return problems


def check_keda_and_drain():
    documents = load_all()
    if documents is None:
        return report("KEDA objects, drain", [], "nothing here reads YAML; --install brings it")
    problems, authentications, used = [], set(), set()
    views = set()
    for document in documents:
        kind = document.get("kind")
        if kind not in KEDA:
            continue
        problems += fields(document["spec"], KEDA[kind], kind)
        if kind == "TriggerAuthentication":
            authentications.add(document["metadata"]["name"])
        for trigger in document["spec"].get("triggers", []):
            used.add(trigger["authenticationRef"]["name"])
            if not all(isinstance(value, str) for value in trigger["metadata"].values()):
                problems.append(f"{kind}: metadata of {trigger['type']} must be text")
            views |= set(re.findall(r"FROM (\w+)", trigger["metadata"].get("query", "")))
    problems += [f"no TriggerAuthentication {name}" for name in used - authentications]
    with open(os.path.join(ROOT, "Sources/PostgreSQLCatalog/Schema/Schema.swift"), encoding="utf-8") as file:
        made = set(re.findall(r"VIEW (\w+)", file.read()))
    problems += [f"the catalog has no view {view}" for view in views - made]
    configuration = next(d for d in documents if isinstance(d, dict) and "broker" in d)
    drain = re.fullmatch(r"(\d+)(s|m|h)", configuration["worker"]["drain"])
    seconds = int(drain[1]) * {"s": 1, "m": 60, "h": 3600}[drain[2]]
    for document in documents:
        template = document.get("spec", {}).get("jobTargetRef", document.get("spec", {})).get("template")
        if template and document["kind"] in ("Deployment", "ScaledJob"):
            grace = template["spec"].get("terminationGracePeriodSeconds", 30)
            if grace < seconds + 15:
                problems.append(f"{document['metadata']['name']} is killed before its drain of {seconds} s is over")
    return report("KEDA objects (fields that are used), drain and grace", problems)


def main():
    check_scripts()
    check_definitions()
    check_secrets()
    check_yaml()
    check_with("image file", "hadolint", os.path.join(DEPLOY, "image/Dockerfile"))
    check_with(
        "compose file", "check-jsonschema", "--builtin-schema", "vendor.compose-spec",
        os.path.join(DEPLOY, "compose/compose.yaml"),
    )
    check_units()
    check_resources()
    sys.exit(1 if False in outcomes else 0)


if __name__ == "__main__":
    main()
