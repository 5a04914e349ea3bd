"""Shows that check_sources.py finds what it is there to find: python3 check_self_test.py ROOT.

Copies the checkout, plants one violation per rule and variant, and innocent look-alikes, runs the check over the copy
and compares what it printed with what was planted.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

TO_DO = "TO" + "DO"

# (file, text): a line with `//!RULE` or `<!--RULE-->` at its end must be reported under that rule, no other line.
# `{to_do}` and `{filler}` stand for what would offend the check if it stood here.
PLANTS = {
    "Sources/ImageModel/Planted.swift": """\
import RabbitMQ  //!import
import Foundation
@testable import struct Catalog.Row  //!import
private import CCurl  //!import
// import Worker
let quoted = "import Worker"
""",
    "Sources/ImageStore/Planted.swift": """\
internal import ImageModel
import GRDB  //!import
""",
    "Sources/SQLiteCatalog/Planted.swift": """\
import Catalog
import GRDB
import ImageSource  //!import
""",
    "Sources/Worker/Planted.swift": """\
import Dispatch  //!replay
func planted() {
    Task { print(1) }  //!replay
    Task(priority: .high) { print(1) }  //!replay
    let handle = Task<Void, Never> { print(1) }  //!replay
    Task.detached { print(1) }  //!replay
    let queue = DispatchQueue.main  //!replay
    let now = Date()  //!replay
    let later = Date.now  //!replay
    let clock = ContinuousClock()  //!replay
    let other: SuspendingClock? = nil  //!replay
    var chance = SystemRandomNumberGenerator()  //!replay
    let id = UUID()  //!replay
    let die = Int.random(in: 1...6)  //!replay
    let seeded = Int.random(in: 1...6, using: &generator)
    let mixed = [1, 2].shuffled()  //!replay
    // Task { print(1) } and Date() in a comment
    /* Task.detached { /* UUID() */ Date() } */
    let text = "Task { Date() } \\(name) UUID()"
    let long = \"\"\"
        Task.detached { ContinuousClock() }
        \"\"\"
    await Task.yield()
    let known = Date(timeIntervalSince1970: 0)
    let parsed = UUID(uuidString: text)
    withTaskGroup(of: Void.self) { _ in }
}
""",
    "Sources/RabbitMQ/Planted.swift": """\
let deadline = ContinuousClock().now
final class Bare: @unchecked Sendable {}  //!unsafe

// Safe: nothing is ever written.
final class Explained: @unchecked Sendable {}

/// Safe: written once, before the first reader.
@available(*, deprecated)
nonisolated(unsafe) let explained = 1
let gap = 1
nonisolated(unsafe) let bare = 1  //!unsafe
""",
    "Sources/JobMessages/Planted.swift": """\
let value = try! decode()  //!try
let attempt = try? decode()
// {to_do}: later  //!unfinished
""",
    "Sources/ImageJobs/Planted.swift": """\
public struct undocumented {}  //!format
""",
    "Tests/ImageJobsTests/Planted.swift": """\
public struct Undocumented {}
let badly  = 1  //!format
func test() { Task { print(Date()) } }
""",
    "Sources/Catalog/PlantedLong.swift": "// x\n" * 500 + "let last = 1  //!length\n",
    "README.md": """\
# Planted
See [the sources](Sources), [this](#planted), [the web](https://example.com), `[code](nowhere.md)`.
And [that](nowhere.md). <!--link-->
And [there](#no-such-heading). <!--link-->
```
[sample](nowhere.md)
```
""",
    "Sources/Worker/Worker.docc/Planted.md": """\
# Planted
<doc:Planted> and [one](doc:Planted), but not <doc:NoSuchArticle>. <!--link-->
![picture](missing.png) <!--link-->
""",
}


def plant(root):
    expected = set()
    for path, text in PLANTS.items():
        text = text.replace("{to_do}", TO_DO)
        for number, line in enumerate(text.split("\n"), 1):
            if match := re.search(r"(?://!|<!--)(\w+)(?:-->)?$", line):
                expected.add((path, number, match.group(1)))
        os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write(text)
    path = os.path.join(root, "Package.swift")
    with open(path, encoding="utf-8") as file:
        manifest = file.read()
    os.makedirs(os.path.join(root, "Sources/Stranger"))
    with open(os.path.join(root, "Sources/Stranger/Stranger.swift"), "w", encoding="utf-8") as file:
        file.write("let stranger = 1\n")
    addition = 'targets += [.target(name: "Stranger")]\n'
    at = manifest.index("let package = Package(")
    line = manifest.count("\n", 0, at) + 1
    with open(path, "w", encoding="utf-8") as file:
        file.write(manifest[:at] + addition + manifest[at:])
    return expected | {("Package.swift", line, "package"), ("Package.swift", line, "warnings")}


def main():
    root = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as copy:
        for name in ("Package.swift", ".swift-format"):
            shutil.copy(os.path.join(root, name), copy)
        for name in ("Sources", "Tests", "scripts", "deploy"):
            if os.path.isdir(os.path.join(root, name)):
                shutil.copytree(os.path.join(root, name), os.path.join(copy, name))
        expected = plant(copy)
        planted = {path for path, _, _ in expected} | set(PLANTS)
        run = subprocess.run(
            [sys.executable, os.path.join(root, "scripts/lib/check_sources.py"), copy],
            capture_output=True, text=True, check=False,
        )
    found = set()
    for line in run.stdout.splitlines():
        path, number, rule = re.match(r"(.+?):(\d+): (\w+):", line).groups()
        # The planted text is laid out for reading, not for the formatter: only the two lines meant for it count.
        if path in planted and (rule != "format" or (path, int(number), rule) in expected):
            found.add((path, int(number), rule))
    for path, number, rule in sorted(expected - found):
        print(f"not found: {path}:{number}: {rule}")
    for path, number, rule in sorted(found - expected):
        print(f"wrongly found: {path}:{number}: {rule}")
    if found != expected or run.returncode != 1:
        print(run.stderr, file=sys.stderr)
        sys.exit(1)
    rules = sorted({rule for _, _, rule in expected})
    print(f"All {len(expected)} planted violations were found, and nothing else: {', '.join(rules)}.")


if __name__ == "__main__":
    main()
