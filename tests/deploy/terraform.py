"""Terraform without a network and without an account: the real program, and a stand-in for AWS's
provider that knows its schema (provider.mjs).

    with Provider(packages, folder) as provider:
        answer = provider.terraform(folder, "validate")
"""

import os
import pathlib
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
STACK = HERE.parent.parent / "deploy"
SECONDS = 600  # of one command; so many only so that a broken one ends


def missing(packages: pathlib.Path) -> str:
    """Why nothing can be tested here, or nothing."""
    if not shutil.which("terraform"):
        return "terraform is not installed"
    if not shutil.which("node"):
        return "node is not installed"
    if not (packages / "node_modules").is_dir():
        return "the packages of tests/deploy/package.json are not installed"
    return ""


def copy_of_stack(into: pathlib.Path) -> pathlib.Path:
    """The stack without what terraform leaves behind where people work with it."""
    left_behind = shutil.ignore_patterns(".terraform*", "*.tfstate*", "release.auto.tfvars.json")
    return pathlib.Path(shutil.copytree(STACK, into / "deploy", ignore=left_behind))


class Provider:
    """Runs the stand-in for the resources named in `folder`, from `with` to its end."""

    def __init__(self, packages: pathlib.Path, folder: pathlib.Path):
        self.arguments = [packages, folder]

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        socket = pathlib.Path(self.folder.name, "socket")
        self.process = subprocess.Popen(
            ["node", HERE / "provider.mjs", *self.arguments, socket],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()
        if not self.address:
            raise RuntimeError("the stand-in for the provider did not start")
        return self

    def __exit__(self, *_):
        self.process.communicate(timeout=SECONDS)
        self.folder.cleanup()

    def terraform(self, folder: pathlib.Path, *arguments: str) -> subprocess.CompletedProcess:
        """What terraform says to these arguments, in `folder`."""
        environment = os.environ | {
            "CHECKPOINT_DISABLE": "1",
            "TF_CLI_CONFIG_FILE": os.devnull,
            "TF_REATTACH_PROVIDERS": self.address,
        }
        return subprocess.run(
            ["terraform", *arguments, "-no-color"], cwd=folder, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS)
