"""What a container's environment is where Secrets may not be read."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from acceptance.errors import NotProven
from acceptance.kubernetes.environment import Data, environment_of
from acceptance.resources import UNREAD, Environment, named
from acceptance.secret import UNKNOWN, fingerprint
from tests.kubernetes.objects import Objects, container, made

KEY = {"name": "OPENAI_API_KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "mine"}}}
SECRET = made("Secret", "keys", data={"mine": base64.b64encode(b"sk-1").decode()})
PLAIN = {"name": "URL", "value": "http://litellm"}
SEALED = ("Secret",)


def _environment(
    *entries: Mapping[str, Any],
    process: Mapping[str, str] | None = None,
    sources: tuple[Mapping[str, Any], ...] = (),
    forbidden: tuple[str, ...] = SEALED,
    objects: tuple[Mapping[str, Any], ...] = (SECRET,),
) -> Environment:
    data = Data(Objects(*objects, forbidden=forbidden), "apps")
    return environment_of(container(env=list(entries), envFrom=list(sources)), data, {}, process)


def _value(environment: Environment, name: str) -> str:
    return environment[name].value.reveal()


def test_with_every_right_a_value_is_read() -> None:
    found = _environment(KEY, PLAIN, forbidden=())
    assert (_value(found, "OPENAI_API_KEY"), _value(found, "URL")) == ("sk-1", "http://litellm")


def test_a_sealed_value_names_its_holder_and_cannot_be_read() -> None:
    key = _environment(KEY)["OPENAI_API_KEY"].value
    assert (key.sealed, key.fingerprint) == ("Secret keys, key mine", UNKNOWN)
    with pytest.raises(NotProven, match="do not allow to read Secret keys, key mine"):
        key.reveal()


def test_the_process_tells_the_fingerprint_of_a_sealed_value() -> None:
    process = {"OPENAI_API_KEY": fingerprint("sk-1")}
    assert _environment(KEY, process=process)["OPENAI_API_KEY"].value.fingerprint == fingerprint(
        "sk-1"
    )


def test_a_sealed_value_that_the_process_lacks_is_none() -> None:
    """Its Secret, or that key of it, is optional and missing, or is empty."""
    assert "OPENAI_API_KEY" not in _environment(KEY, process={"PATH": "12345678"})


def test_a_value_made_of_a_sealed_one_is_sealed_by_the_same_holder() -> None:
    made_of = {"name": "OPENAI_API_KEYS", "value": "$(OPENAI_API_KEY)"}
    process = {"OPENAI_API_KEY": "11111111", "OPENAI_API_KEYS": "22222222"}
    found = _environment(KEY, made_of, process=process)["OPENAI_API_KEYS"].value
    assert (found.sealed, found.fingerprint) == ("Secret keys, key mine", "22222222")


def test_one_made_of_several_names_each_holder_once() -> None:
    other = {"name": "OTHER", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "other"}}}
    both = {"name": "BOTH", "value": "$(OTHER);$(OPENAI_API_KEY);$(OTHER)"}
    found = _environment(KEY, other, both)["BOTH"].value
    assert found.sealed == "Secret keys, key other; Secret keys, key mine"


def test_a_plain_value_is_never_taken_for_a_sealed_one() -> None:
    found = _environment({"name": "MARK", "value": "\N{LOCK} (unread)"}, process={})
    assert _value(found, "MARK") == "\N{LOCK} (unread)"


def test_what_a_process_has_and_nothing_explains_comes_from_the_sealed_source() -> None:
    sources = ({"secretRef": {"name": "keys"}},)
    process = {"URL": fingerprint("http://litellm"), "mine": fingerprint("sk-1")}
    found = _environment(PLAIN, sources=sources, process=process)
    assert (found["mine"].value.sealed, found["mine"].source) == ("envFrom Secret keys",) * 2
    assert _value(found, "URL") == "http://litellm"
    assert UNREAD not in found


def test_where_no_process_tells_a_sealed_source_may_define_anything() -> None:
    found = _environment(PLAIN, sources=({"secretRef": {"name": "keys"}},))
    variable = named(found, "OPENAI_API_BASE_URL")
    assert variable
    with pytest.raises(NotProven, match="envFrom Secret keys"):
        variable.value.reveal()
    known = named(found, "URL")
    assert known
    assert known.value.reveal() == "http://litellm"


def test_a_source_that_may_be_read_hides_nothing() -> None:
    found = _environment(PLAIN, sources=({"secretRef": {"name": "keys"}},), forbidden=())
    assert (_value(found, "mine"), named(found, "OPENAI_API_BASE_URL")) == ("sk-1", None)


def test_a_source_that_does_not_exist_hides_nothing() -> None:
    sources = ({"configMapRef": {"name": "settings", "optional": True}},)
    assert named(_environment(PLAIN, sources=sources), "OPENAI_API_BASE_URL") is None


def test_a_sealed_config_map_is_sealed_too() -> None:
    entry = {"name": "URL", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "url"}}}
    found = _environment(entry, forbidden=("ConfigMap",))
    assert found["URL"].value.sealed == "ConfigMap settings, key url"


def test_what_is_no_text_is_nobodys_setting_and_no_error() -> None:
    """A keystore beside the keys."""
    store = base64.b64encode(b"\xfe\xed\xfe\xed").decode()
    mixed = {**SECRET, "data": {"keystore.jks": store, **SECRET["data"]}}
    found = _environment(KEY, forbidden=(), objects=(mixed,))
    assert _value(found, "OPENAI_API_KEY") == "sk-1"


def test_each_object_is_read_once_and_the_sealed_ones_are_told() -> None:
    api = Objects(made("ConfigMap", "settings", data={"a": "1"}), forbidden=SEALED)
    data = Data(api, "apps")
    assert data("ConfigMap", "settings") == {"a": "1"}
    api.objects.clear()
    assert data("ConfigMap", "settings") == {"a": "1"}
    assert (data("Secret", "keys"), data("ConfigMap", "none")) == (None, None)
    assert data.sealed == {("Secret", "keys")}
