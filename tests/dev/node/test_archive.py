"""Images as an engine reads them: layers by their digest, shared ones once."""

import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

from acceptance.lab.cluster.archive import Image, write_archive
from acceptance.lab.cluster.layers import Contents, Layer


def _layer(recipe: str, **contents: Any) -> Layer:  # noqa: ANN401  # of any of its fields
    return Layer(recipe=recipe, contents=lambda: Contents(**contents))


def _members(layer: Layer, folder: Path) -> dict[str, tarfile.TarInfo]:
    layer.contents().write(folder / "layer.tar")
    with tarfile.open(folder / "layer.tar") as tar:
        return {f"/{member.name}": member for member in tar}


def _contents(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        opened = {member.name: tar.extractfile(member) for member in tar}
        return {name: file.read() for name, file in opened.items() if file}


def test_a_layer_holds_what_it_was_told_to(tmp_path: Path) -> None:
    here = tmp_path / "here"
    (here / "tests").mkdir(parents=True)
    (here / "tests" / "left-out").touch()
    (here / "program").write_text("run")
    (here / "program").chmod(0o755)
    (here / "link").symlink_to("program")

    found = _members(
        _layer(
            "",
            folders={"/opt/here": here},
            files={"/bin/program": here / "link"},
            texts={"/etc/passwd": "root"},
            links={"/bin/other": "program"},
            scratch=("/scratch",),
            without=lambda path: path.endswith("/tests"),
        ),
        tmp_path,
    )

    assert sorted(found) == [
        *("/bin/other", "/bin/program", "/etc/passwd", "/opt/here"),
        *("/opt/here/link", "/opt/here/program", "/scratch"),
    ]
    assert found["/opt/here/link"].issym()
    assert found["/bin/program"].isreg()
    assert found["/bin/program"].mode == 0o755
    assert found["/bin/other"].linkname == "program"
    assert found["/scratch"].mode == 0o1777
    assert {(member.uid, member.gid) for member in found.values()} == {(0, 0)}


def test_an_archive_can_be_checked_by_its_digests(tmp_path: Path) -> None:
    base = _layer("base", texts={"/base": "1"})
    images = [
        Image(
            name=f"docker.io/lab/{name}:1",
            layers=(base, _layer(name, texts={"/own": name})),
            entrypoint=("run",),
            arguments=("--fast",),
            environment={"HOME": "/root"},
        )
        for name in ("one", "two")
    ]

    write_archive(images, tmp_path / "images.tar")

    files = _contents(tmp_path / "images.tar")
    manifest = json.loads(files.pop("manifest.json"))
    configs = [json.loads(files[entry["Config"]]) for entry in manifest]
    assert [entry["RepoTags"] for entry in manifest] == [
        ["docker.io/lab/one:1"],
        ["docker.io/lab/two:1"],
    ]
    for entry, config in zip(manifest, configs, strict=True):
        assert config["rootfs"]["diff_ids"] == [
            f"sha256:{hashlib.sha256(files[layer]).hexdigest()}" for layer in entry["Layers"]
        ]
        assert config["config"]["Entrypoint"] == ["run"]
        assert config["config"]["Cmd"] == ["--fast"]
        assert config["config"]["Env"] == ["HOME=/root"]
    assert len(files) == 3 + 2, "two layers of their own, a shared one, two configurations"
    assert [path.name for path in tmp_path.iterdir()] == ["images.tar"]


def test_a_digest_changes_with_whatever_an_image_depends_on() -> None:
    layer = _layer("recipe")
    images = [
        Image(name="a", layers=(layer,)),
        Image(name="b", layers=(layer,)),
        Image(name="a", layers=(_layer("other"),)),
        Image(name="a", layers=(layer,), entrypoint=("run",)),
        Image(name="a", layers=(layer,), arguments=("run",)),
        Image(name="a", layers=(layer,), environment={"HOME": "/root"}),
    ]

    assert len({image.digest for image in images}) == len(images)
    assert images[0].digest == Image(name="a", layers=(_layer("recipe"),)).digest
