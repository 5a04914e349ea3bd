"""The rules of the house, checked over a checkout: python3 check_sources.py ROOT.

Prints `file:line: rule: message` per violation; exits 1 when there is one.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

# Which of our own modules a target may import. A room asks only those that stand before it on a job's way.
MODEL = ["ImageModel"]
STEPS = MODEL + ["ImageProfiles", "ImageSource", "ImageInspection", "ImageUnpacking", "ImageStore", "ImageConversion"]
STEPS += ["Catalog"]
MAY_IMPORT = {
    "ImageModel": [],
    "RabbitMQ": ["CRabbitMQ", "CLibCrypto"],
    "JobMessages": MODEL,
    "ImageProfiles": MODEL,
    "ImageSource": MODEL + ["S3Signing", "CCurl", "CLinux"],
    "ImageInspection": MODEL + ["CLibCrypto"],
    "ImageUnpacking": MODEL + ["ImageSource", "ImageInspection", "CArchive", "CZlib", "CLZMA"],
    "ImageStore": MODEL + ["CLinux"],
    "S3Signing": MODEL + ["CLibCrypto"],  # what a store of S3 and a source of S3 have in common
    "S3Store": MODEL + ["ImageStore", "S3Signing", "CCurl", "CLibCrypto"],
    "ImageConversion": MODEL + ["ImageStore"],
    "QEMUConversion": MODEL + ["ImageStore", "ImageConversion"],
    "Catalog": MODEL,
    "SQLiteCatalog": MODEL + ["Catalog"],
    "PostgreSQLCatalog": MODEL + ["Catalog", "CPostgreSQL"],
    "ImageJobs": STEPS,
    "Worker": STEPS + ["RabbitMQ", "JobMessages", "ImageJobs"],
    "LongshoreSettings": MODEL + ["ImageSource"],  # whose address rules it reads
    "longshore": ["LongshoreCommands"] + STEPS
    + ["RabbitMQ", "JobMessages", "ImageJobs", "Worker", "S3Signing", "S3Store", "SQLiteCatalog", "PostgreSQLCatalog"]
    + ["QEMUConversion", "LongshoreSettings", "CLibCrypto", "CLinux"],
}
# The commands lie in the folder of the program, and so under its name; apart from it, they may be wired by others.
MAY_IMPORT["LongshoreCommands"] = MAY_IMPORT["longshore"]
# Support of tests, below Tests: may import everything.
FOR_TESTS = ["TestSupport", "PackedImages", "Simulation", "simulate", "crash-worker", "FaultySystem"]
# Packages of others that belong to one room.
ONLY_IN = {
    "GRDB": ["SQLiteCatalog"],
    "Hummingbird": ["Worker"],
    "Configuration": ["LongshoreSettings"],
    "Yams": ["LongshoreSettings"],
    "ArgumentParser": ["longshore"],
    "Subprocess": ["QEMUConversion"],
}
# Where the machine's clock, chance and threads may be used; everywhere else they are passed in, so that the simulation
# can replay a run from its seed.
ADAPTERS = [
    "RabbitMQ", "ImageSource", "ImageUnpacking", "ImageStore", "S3Store", "QEMUConversion", "SQLiteCatalog",
    "PostgreSQLCatalog", "longshore",
]
NOT_REPLAYABLE = {
    r"(?<!struct )(?<!enum )(?<!class )(?<!actor )(?<!extension )(?<!-> )\bTask\s*(?:<[^{}()]*>)?\s*(?:\.init\s*)?"
    r"(?:\([^{}()]*\)\s*)?\{": "an unstructured task",
    r"\bTask\s*\.\s*(?:detached|immediate|immediateDetached)\b": "an unstructured task",
    r"\bTask\s*\.\s*sleep\b": "the system's clock",
    r"\bimport\s+Dispatch\b|\bDispatch[A-Z]\w*": "Dispatch",
    r"\bDate\s*\(\s*\)|\bDate\s*\.\s*now\b": "the system's clock",
    r"\b(?:ContinuousClock|SuspendingClock)\b|\bclock:\s*\.(?:continuous|suspending)\b": "the system's clock",
    r"\bSystemRandomNumberGenerator\b": "the system's randomness",
    r"\bUUID\s*\(\s*\)": "the system's randomness",
    r"\.random\s*\((?![^()]*\busing\s*:)": "the system's randomness",
    r"\.(?:shuffled|shuffle|randomElement)\s*\(\s*\)": "the system's randomness",
}
LONGEST_FILE = 500

violations = []


def report(path, line, rule, message):
    violations.append((path, line, f"{path}:{line}: {rule}: {message}"))


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def code_only(text):
    """The Swift source with comments and the contents of string literals blanked, offsets and lines kept.

    Interpolations are blanked with their literal: none of the rules is worth a full lexer.
    """
    pieces = re.compile(
        r'//[^\n]*|(?P<block>/\*)|(?P<hashes>#*)"""(?P<long>.*?)"""(?P=hashes)'
        r'|(?P<raw>#+)"[^\n]*?"(?P=raw)|"(?:\\\((?:[^()\n]|\([^()\n]*\))*\)|\\.|[^"\\\n])*"',
        re.DOTALL,
    )
    result, position = [], 0
    while match := pieces.search(text, position):
        end = match.end() if match.group("block") is None else end_of_block_comment(text, match.start())
        result.append(text[position : match.start()])
        result.append(re.sub(r"[^\n]", " ", text[match.start() : end]))
        position = end
    return "".join(result) + text[position:]


def end_of_block_comment(text, start):
    """Swift's block comments nest."""
    depth = 0
    for mark in re.finditer(r"/\*|\*/", text[start:]):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return start + mark.end()
    return len(text)


def check_imports(path, target, code, own_modules):
    allowed = MAY_IMPORT.get(target)
    for match in re.finditer(r"^[ \t]*(?:[@\w()]+[ \t]+)*?import[ \t]+(?:\w+[ \t]+)?(\w+)", code, re.MULTILINE):
        module, line = match.group(1), line_of(code, match.start(1))
        if module in own_modules and module != target and module not in (allowed or []):
            report(path, line, "import", f"{target} may not import {module}")
        elif module in ONLY_IN and target not in ONLY_IN[module]:
            report(path, line, "import", f"{module} belongs to {', '.join(ONLY_IN[module])}, not to {target}")


def check_replayable(path, target, code):
    if target in ADAPTERS:
        return
    for pattern, what in NOT_REPLAYABLE.items():
        for match in re.finditer(pattern, code):
            found = " ".join(match.group().split())
            report(path, line_of(code, match.start()), "replay", f"'{found}' is {what}; {target} has it passed in")


def check_unsafe(path, text, code):
    lines = text.split("\n")
    for match in re.finditer(r"@unchecked\s+Sendable|\bnonisolated\s*\(\s*unsafe\s*\)", code):
        above = line_of(code, match.start()) - 2
        while above >= 0 and lines[above].strip().startswith("@"):
            above -= 1
        if above < 0 or not lines[above].strip().startswith("//"):
            line = line_of(code, match.start())
            report(path, line, "unsafe", f"'{match.group()}' needs a comment above it that names the invariant")


def check_swift_file(root, path, target, is_source, own_modules):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        text = file.read()
    code = code_only(text)
    if is_source:
        check_imports(path, target, code, own_modules)
        check_replayable(path, target, code)
    check_unsafe(path, text, code)
    for match in re.finditer(r"\btry!", code):
        report(path, line_of(code, match.start()), "try", "'try!' ends the process where an error was possible")
    length = text.count("\n")
    if length > LONGEST_FILE:
        report(path, LONGEST_FILE + 1, "length", f"{length} lines; a file of more than {LONGEST_FILE} has two subjects")


def check_unfinished(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if match := re.search(r"\b(?:TO" r"DO|FIX" r"ME)\b", line):
                report(path, number, "unfinished", f"'{match.group()}': do it, or open an issue")


def heading_anchors(root, path):
    """The anchors that a Markdown viewer makes of a file's headings."""
    with open(os.path.join(root, path), encoding="utf-8") as file:
        headings = re.findall(r"^#{1,6}\s+(.*?)\s*#*$", file.read(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def check_links(root, path, articles):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        text = file.read()
    prose = re.sub(r"^```.*?^```|`[^`\n]*`", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.M | re.S)
    for match in re.finditer(r"\]\(\s*<?([^)\s>]+)", prose):
        link, line = match.group(1), line_of(text, match.start())
        if re.match(r"[a-z][a-z0-9+.-]*:", link) and not link.startswith("doc:"):
            continue
        file_part, _, anchor = link.partition("#")
        if not file_part:
            target = path
        elif file_part.startswith("doc:"):
            continue
        else:
            target = os.path.normpath(os.path.join(os.path.dirname(path), file_part))
        if not os.path.exists(os.path.join(root, target)):
            report(path, line, "link", f"'{link}' leads nowhere")
        elif anchor and target.endswith(".md") and anchor not in heading_anchors(root, target):
            report(path, line, "link", f"'{link}': {target} has no such heading")
    for match in re.finditer(r"<doc:([^>#]+)|\]\(doc:([^)#]+)", prose):
        name = (match.group(1) or match.group(2)).rsplit("/", 1)[-1]
        if name not in articles:
            report(path, line_of(text, match.start()), "link", f"'doc:{name}' is no article and no module")


def check_package(root):
    """Every target is in the table, and treats warnings as errors. Returns the names of all targets."""
    dumped = subprocess.run(
        ["swift", "package", "--package-path", root, "dump-package"], capture_output=True, text=True, check=False
    )
    if dumped.returncode != 0:
        report("Package.swift", 1, "package", "cannot be read: " + dumped.stderr.strip().split("\n")[-1])
        return []
    with open(os.path.join(root, "Package.swift"), encoding="utf-8") as file:
        manifest = file.read()
    targets = json.loads(dumped.stdout)["targets"]
    for target in targets:
        name, kind = target["name"], target["type"]
        line = line_of(manifest, max(0, manifest.find(f'"{name}"')))
        if kind in ("regular", "executable") and name not in MAY_IMPORT and name not in FOR_TESTS:
            report("Package.swift", line, "package", f"{name} has no row in scripts/lib/check_sources.py")
        if kind == "system":
            continue
        kinds = [setting["kind"] for setting in target["settings"]]
        if {"treatAllWarnings": {"_0": "error"}} not in kinds:
            report("Package.swift", line, "warnings", f"{name} does not treat warnings as errors")
        if {"swiftLanguageMode": {"_0": "6"}} not in kinds:
            report("Package.swift", line, "warnings", f"{name} is not in Swift 6 language mode")
    return [target["name"] for target in targets]


def check_format(root):
    with open(os.path.join(root, ".swift-format"), encoding="utf-8") as file:
        configuration = json.load(file)
    with tempfile.TemporaryDirectory() as folder:
        # Tests and their support are read by us alone: they need no documentation of every public name.
        configuration["rules"]["AllPublicDeclarationsHaveDocumentation"] = False
        for_tests = os.path.join(folder, "swift-format.json")
        with open(for_tests, "w", encoding="utf-8") as file:
            json.dump(configuration, file)
        runs = [(".swift-format", ["Sources", "Package.swift"]), (for_tests, ["Tests"])]
        for rules, paths in runs:
            run = subprocess.run(
                ["swift", "format", "lint", "--strict", "--recursive", "--parallel", "--configuration", rules, *paths],
                cwd=root, capture_output=True, text=True, check=False,
            )
            for line in run.stderr.splitlines():
                if match := re.match(r"(?:\./)?(.+?):(\d+):\d+: \w+: (.*)", line):
                    report(os.path.relpath(os.path.join(root, match[1]), root), int(match[2]), "format", match[3])
            if run.returncode != 0 and not run.stderr.strip():
                report(paths[0], 1, "format", f"swift format ended with {run.returncode}")


def files_below(root, folder):
    for parent, folders, names in os.walk(os.path.join(root, folder)):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__pycache__")
        for name in sorted(names):
            yield os.path.relpath(os.path.join(parent, name), root)


def main():
    root = os.path.abspath(sys.argv[1])
    own_modules = set(check_package(root)) | set(os.listdir(os.path.join(root, "Sources"))) | set(MAY_IMPORT)
    own_modules |= {module for row in MAY_IMPORT.values() for module in row}
    check_format(root)
    paths = [path for folder in ("Sources", "Tests") for path in files_below(root, folder)]
    documents = [path for path in paths if path.endswith(".md") and ".docc/" in path]
    articles = {os.path.basename(path)[: -len(".md")] for path in documents} | own_modules
    readme = ["README.md"] if os.path.exists(os.path.join(root, "README.md")) else []
    readme += [path for path in files_below(root, "deploy") if path.endswith(".md")]
    for path in paths:
        folder, target = path.split(os.sep)[:2]
        if path.endswith(".swift"):
            check_swift_file(root, path, target, folder == "Sources", own_modules)
    for path in paths + [*files_below(root, "deploy"), *files_below(root, "scripts"), *readme]:
        check_unfinished(root, path)
    for path in documents + readme:
        check_links(root, path, articles)
    for _, _, text in sorted(set(violations)):
        print(text)
    if violations:
        print(f"scripts/check: {len(set(violations))} violation(s)", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
