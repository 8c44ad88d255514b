"""A bill of materials of the binary: CycloneDX 1.5, from what cargo says is in it and the sums in Cargo.lock.

    python3 scripts/dist_sbom.py --binary wigwag --target x86_64-unknown-linux-musl --out wigwag.cdx.json
    python3 scripts/dist_sbom.py --check wigwag.cdx.json
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGE = "wigwag"


def cargo(*arguments):
    """What cargo prints."""
    command = ["cargo", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def locked(text):
    """Name and version → sum, of every package in the text of a Cargo.lock; our own packages have no sum."""
    packages = {}
    for block in text.split("[[package]]")[1:]:
        fields = dict(re.findall(r'^(name|version|checksum) = "(.*)"$', block, re.MULTILINE))
        packages[fields["name"], fields["version"]] = fields.get("checksum")
    return packages


def linked(target):
    """Name and version of every package that the binary is made of, in the features it is built with."""
    tree = cargo("tree", "--locked", "-p", PACKAGE, "--target", target, "-e", "normal", "--prefix", "none", "-f", "{p}")
    found = (re.match(r"(\S+) v(\S+)", line) for line in tree.splitlines())
    return {match.groups() for match in found if match}


def expression(license):
    """The licence as SPDX writes it; older packages put a slash between alternatives."""
    return license.replace("/", " OR ") if " OR " not in license else license


def reference(name, version):
    """What a package is called, everywhere."""
    return f"pkg:cargo/{name}@{version}"


def component(package, checksum):
    """One package as a component."""
    name, version = package["name"], package["version"]
    made = {
        "type": "library",
        "bom-ref": reference(name, version),
        "name": name,
        "version": version,
        "purl": reference(name, version),
        "scope": "required",
    }
    if package.get("description"):
        made["description"] = " ".join(package["description"].split())
    if package.get("license"):
        made["licenses"] = [{"expression": expression(package["license"])}]
    if checksum:
        made["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package.get("repository"):
        made["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return made


def edges(metadata, keys):
    """Who needs whom, within the binary."""
    ids = {package["id"]: (package["name"], package["version"]) for package in metadata["packages"]}
    made = []
    for node in metadata["resolve"]["nodes"]:
        if ids[node["id"]] not in keys:
            continue
        needed = {
            ids[dependency["pkg"]]
            for dependency in node["deps"]
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]) and ids[dependency["pkg"]] in keys
        }
        made.append({"ref": reference(*ids[node["id"]]), "dependsOn": sorted(reference(*key) for key in needed)})
    return sorted(made, key=lambda edge: edge["ref"])


def bill(metadata, keys, checksums, binary, when):
    """The whole document."""
    packages = {(package["name"], package["version"]): package for package in metadata["packages"]}
    components = [component(packages[key], checksums[key]) for key in sorted(keys)]
    itself = next(made for made in components if made["name"] == PACKAGE)
    components.remove(itself)
    itself["type"] = "application"
    del itself["scope"]
    itself["hashes"] = [{"alg": "SHA-256", "content": hashlib.sha256(binary).hexdigest()}]
    content = json.dumps([itself, components], sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, content).urn,
        "version": 1,
        "metadata": {
            "timestamp": datetime.datetime.fromtimestamp(when, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tools": {"components": [{"type": "application", "name": "scripts/dist_sbom.py"}]},
            "component": itself,
        },
        "components": components,
        "dependencies": edges(metadata, keys),
    }


def problems(document, checksums):
    """What does not fit between a bill and a lock file."""
    found = []
    if (document.get("bomFormat"), document.get("specVersion")) != ("CycloneDX", "1.5"):
        found.append("not CycloneDX 1.5")
    listed = document["components"]
    references = [one["bom-ref"] for one in listed] + [document["metadata"]["component"]["bom-ref"]]
    if len(set(references)) != len(references):
        found.append("a component is there twice")
    for one in listed:
        key = one["name"], one["version"]
        said = one.get("hashes", [{"content": None}])[0]["content"]
        if key not in checksums:
            found.append(f"{one['purl']} is not in Cargo.lock")
        elif said != checksums[key]:
            found.append(f"{one['purl']} has another sum in Cargo.lock")
        if said and not one.get("licenses"):
            found.append(f"{one['purl']} has no licence")
    for edge in document["dependencies"]:
        found += [f"{edge['ref']} needs {to}, which is not listed" for to in edge["dependsOn"] if to not in references]
    reached, waiting = set(), [document["metadata"]["component"]["bom-ref"]]
    needs = {edge["ref"]: edge["dependsOn"] for edge in document["dependencies"]}
    while waiting:
        one = waiting.pop()
        if one not in reached:
            reached.add(one)
            waiting += needs.get(one, [])
    found += [f"{one} is listed and nothing needs it" for one in references if one not in reached]
    return found


def main():
    """Writes a bill, or checks one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=pathlib.Path)
    parser.add_argument("--target", default="x86_64-unknown-linux-musl")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--check", type=pathlib.Path)
    options = parser.parse_args()
    checksums = locked((ROOT / "Cargo.lock").read_text(encoding="utf-8"))
    if options.check:
        document = json.loads(options.check.read_text(encoding="utf-8"))
    else:
        metadata = json.loads(
            cargo("metadata", "--locked", "--format-version", "1", "--filter-platform", options.target)
        )
        when = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
        document = bill(metadata, linked(options.target), checksums, options.binary.read_bytes(), when)
        options.out.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    found = problems(document, checksums)
    for problem in found:
        print(f"FAIL: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
