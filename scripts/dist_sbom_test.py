"""The bill of materials against the lock file of this repository, and what a wrong one is told."""

import copy
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import dist_sbom

TARGET = "x86_64-unknown-linux-gnu"


class Bill(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.checksums = dist_sbom.locked((dist_sbom.ROOT / "Cargo.lock").read_text(encoding="utf-8"))
        cls.metadata = json.loads(
            dist_sbom.cargo("metadata", "--locked", "--format-version", "1", "--filter-platform", TARGET)
        )
        cls.keys = dist_sbom.linked(TARGET)
        cls.bill = dist_sbom.bill(cls.metadata, cls.keys, cls.checksums, b"binary", 0)

    def test_it_fits_the_lock_file(self):
        self.assertEqual(dist_sbom.problems(self.bill, self.checksums), [])

    def test_it_lists_what_is_linked_and_nothing_else(self):
        listed = {(one["name"], one["version"]) for one in self.bill["components"]}

        self.assertEqual(listed | {("wigwag", self.bill["metadata"]["component"]["version"])}, self.keys)
        names = {name for name, _ in listed}
        self.assertTrue({"tokio", "wigwag-core", "rustls"} <= names)
        self.assertFalse({"goose", "criterion", "proptest", "wigwag-tests"} & names)

    def test_every_package_from_the_registry_has_sum_licence_and_address(self):
        for one in self.bill["components"]:
            is_ours = one["name"].startswith("wigwag")
            self.assertEqual("hashes" in one, not is_ours, one["purl"])
            self.assertTrue(one["licenses"][0]["expression"], one["purl"])
            self.assertRegex(one["purl"], r"^pkg:cargo/[\w-]+@\d+\.\d+\.\d+")

    def test_the_same_input_gives_the_same_bill(self):
        again = dist_sbom.bill(self.metadata, self.keys, self.checksums, b"binary", 0)

        self.assertEqual(json.dumps(again), json.dumps(self.bill))

    def test_what_does_not_fit_is_named(self):
        def broken(change):
            document = copy.deepcopy(self.bill)
            change(document["components"])
            return " ".join(dist_sbom.problems(document, self.checksums))

        foreign = next(index for index, one in enumerate(self.bill["components"]) if "hashes" in one)
        self.assertIn("another sum", broken(lambda all: all[foreign]["hashes"][0].update(content="0" * 64)))
        self.assertIn("is not in Cargo.lock", broken(lambda all: all[foreign].update(version="0.0.0")))
        self.assertIn("no licence", broken(lambda all: all[foreign].pop("licenses")))
        self.assertIn("which is not listed", broken(lambda all: all.pop(foreign)))
        self.assertIn("twice", broken(lambda all: all.append(all[foreign])))


if __name__ == "__main__":
    unittest.main()
