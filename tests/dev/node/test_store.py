"""Images are imported when they are not there as described, and only then."""

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from acceptance.errors import SetupError
from acceptance.lab.cluster.archive import Image
from acceptance.lab.cluster.layers import Contents, Layer
from acceptance.waiting import quiet
from dev.node.layout import Layout
from dev.node.store import ensure_imported
from tests.scripts import script

Ctr = Callable[[str], None]
KEEPS_WHAT_IT_IMPORTS = """
held=$(dirname "$0")/held
case "$6" in
  list) cat "$held" 2>/dev/null || true ;;
  import) cp "$7" "$held.tar"; tar -xOf "$7" manifest.json | grep -o 'lab/[a-z]*:1' >>"$held" ;;
esac
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A home with a node's folder."""
    made = Layout(home=tmp_path / "home")
    made.run.mkdir(parents=True)
    return made


@pytest.fixture
def ctr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ctr:
    """Puts a script in the place of containerd's client."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return lambda body: (script(tmp_path / "ctr", body), None)[1]


def _image(name: str, recipe: str = "1") -> Image:
    layer = Layer(recipe=recipe, contents=lambda: Contents(texts={"/recipe": recipe}))
    return Image(name=f"lab/{name}:1", layers=(layer,))


def _imported(layout: Layout, *images: Image) -> list[str]:
    """What a run said that it made."""
    said = list[str]()
    ensure_imported(images, layout=layout, say=said.append)
    assert list(layout.run.iterdir()) == [], "the archive is gone"
    return [line for line in said if line.startswith("images: ")]


def test_an_image_is_made_once(layout: Layout, ctr: Ctr) -> None:
    ctr(KEEPS_WHAT_IT_IMPORTS)

    assert _imported(layout, _image("one"), _image("two")) == ["images: making one:1, two:1"]
    assert _imported(layout, _image("one"), _image("two")) == [f"images: reused, {layout.images}"]


def test_what_changed_is_made_again_and_nothing_else(layout: Layout, ctr: Ctr) -> None:
    ctr(KEEPS_WHAT_IT_IMPORTS)
    _imported(layout, _image("one"), _image("two"))

    assert _imported(layout, _image("one"), _image("two", "other")) == ["images: making two:1"]
    with tarfile.open(layout.home.parent / "held.tar") as archive:
        assert len(archive.getnames()) == 3, "a layer, a configuration, the list"


def test_what_containerd_has_lost_is_made_again(layout: Layout, ctr: Ctr) -> None:
    ctr(KEEPS_WHAT_IT_IMPORTS)
    _imported(layout, _image("one"))
    (layout.home.parent / "held").unlink()

    assert _imported(layout, _image("one")) == ["images: making one:1"]


@pytest.mark.parametrize("content", ["", "{", "[1]"])
def test_a_list_that_cannot_be_read_is_no_list(layout: Layout, ctr: Ctr, content: str) -> None:
    ctr(KEEPS_WHAT_IT_IMPORTS)
    _imported(layout, _image("one"))
    layout.imported.write_text(content)

    assert _imported(layout, _image("one")) == ["images: making one:1"]


def test_containerd_is_quoted_when_it_refuses(layout: Layout, ctr: Ctr) -> None:
    ctr("""[ "$6" = list ] || { echo "no space left on device" >&2; exit 1; }""")

    with pytest.raises(SetupError) as told:
        ensure_imported([_image("one")], layout=layout, say=quiet)

    assert "found     no space left on device" in str(told.value)
    assert not layout.imported.exists()
    assert list(layout.run.iterdir()) == []


def test_an_image_that_cannot_be_written_is_a_matter_of_the_machine(
    layout: Layout, ctr: Ctr
) -> None:
    ctr(KEEPS_WHAT_IT_IMPORTS)
    lost = Layer(recipe="1", contents=lambda: Contents(folders={"/gone": Path("/not/there")}))

    with pytest.raises(SetupError, match="The images could not be written"):
        ensure_imported([Image(name="lab/one:1", layers=(lost,))], layout=layout, say=quiet)

    assert list(layout.run.iterdir()) == []
