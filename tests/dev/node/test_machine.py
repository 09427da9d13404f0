"""A machine that cannot be a node is told all that it lacks, at once."""

from pathlib import Path

import pytest

from acceptance.errors import SetupError
from dev.node.machine import COMMANDS, check


def _plugins(folder: Path, *missing: str) -> Path:
    for name in {"bridge", "host-local", "loopback", "portmap"} - set(missing):
        (folder / name).touch()
    return folder


def _there(name: str) -> str:
    return f"/usr/bin/{name}"


def test_a_machine_that_lacks_nothing_is_fit(tmp_path: Path) -> None:
    check(platform="linux", user=lambda: 0, which=_there, plugins=_plugins(tmp_path))


def test_all_that_is_missing_is_named_with_the_packages_that_bring_it(tmp_path: Path) -> None:
    missing = {"containerd", "ctr", "runc", "ip"}

    with pytest.raises(SetupError) as told:
        check(
            platform="linux",
            user=lambda: 0,
            which=lambda name: None if name in missing else _there(name),
            plugins=_plugins(tmp_path, "portmap"),
        )

    assert f"without containerd, ctr, runc, ip, {tmp_path / 'portmap'}\n" in str(told.value)
    assert str(told.value).endswith(
        "apt-get install containerd containernetworking-plugins iproute2 runc"
    )


@pytest.mark.parametrize("name", [*COMMANDS, "go"])
def test_no_command_goes_without_saying(tmp_path: Path, name: str) -> None:
    with pytest.raises(SetupError, match=f"without {name}\n"):
        check(
            platform="linux",
            user=lambda: 0,
            which=lambda each: None if each == name else _there(each),
            plugins=_plugins(tmp_path),
        )


def test_go_is_not_asked_of_a_distribution_whose_own_is_too_old(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"install Go 1\.21 or later: https://go\.dev/doc/install"):
        check(
            platform="linux",
            user=lambda: 0,
            which=lambda name: None if name == "go" else _there(name),
            plugins=_plugins(tmp_path),
        )


@pytest.mark.parametrize(
    ("platform", "user", "told"),
    [("darwin", 0, "expected  Linux"), ("linux", 1000, "expected  root")],
)
def test_another_system_and_another_user_are_refused(platform: str, user: int, told: str) -> None:
    with pytest.raises(SetupError, match=told):
        check(platform=platform, user=lambda: user, which=_there)
