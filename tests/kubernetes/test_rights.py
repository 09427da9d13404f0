"""What these rights allow: asked one by one, granted by the file that is shipped, told in words."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from acceptance.errors import SetupError
from acceptance.kubernetes.errors import Forbidden
from acceptance.kubernetes.rights import READING, Right, allowed, require_reading, who
from tests.features import written
from tests.kubernetes.objects import Objects
from tests.sources import REPOSITORY

OLD, NEW = 34, 35


class Granted(Objects):
    """Grants all but some rights, named as `namespace/verb resource`."""

    def __init__(self, *missing: str) -> None:
        super().__init__()
        self.missing = set(missing)
        self.asked: list[Mapping[str, str]] = []

    def ask(self, method: str, path: str, *, body: Any = None, **_rest: object) -> Any:  # noqa: ANN401  # any JSON
        """See `Api`."""
        assert method == "POST"
        if path.endswith("selfsubjectreviews"):
            return {"status": {"userInfo": {"username": "somebody"}}}
        attributes = body["spec"]["resourceAttributes"]
        self.asked.append(attributes)
        resource = "/".join(
            filter(None, (attributes["resource"], attributes.get("subresource", "")))
        )
        right = f"{attributes['namespace']}/{attributes['verb']} {resource}"
        return {"status": {"allowed": right not in self.missing}}


def _notes(*missing: str, minor: int = OLD) -> tuple[str, ...]:
    return require_reading(Granted(*missing), minor=minor, open_webui="apps", gateway="ml")


def test_with_every_right_nothing_stays_unproven() -> None:
    assert _notes() == ()


def test_a_missing_right_names_the_scenarios_that_need_it_in_that_namespace() -> None:
    (note,) = _notes("apps/get pods/exec")
    assert note.startswith('missing right: get pods/exec in apps; not proven without it: "')
    assert '"The gateway is reached from inside Open WebUI"' in note
    assert "of the gateway is the one" not in note
    (note,) = _notes("ml/get pods/exec")
    assert note.endswith(
        'without it: "The newest configuration of the gateway is the one that serves"'
    )


def test_in_a_namespace_of_both_it_names_the_scenarios_of_both() -> None:
    (note,) = require_reading(
        Granted("all/get configmaps"), minor=OLD, open_webui="all", gateway="all"
    )
    assert note.count('"The newest configuration of ') == 2


def test_a_right_that_no_scenario_needs_says_what_is_missing_without_it() -> None:
    (note,) = _notes("apps/get pods/log")
    assert note.endswith("not proven without it: why a pod does not serve, in its own words")


def test_without_a_right_that_everything_needs_the_run_ends() -> None:
    with pytest.raises(SetupError) as raised:
        _notes("ml/list pods", "ml/get services", "apps/get pods/exec")
    words = str(raised.value)
    assert words.startswith("These rights do not allow to judge anything.")
    assert "found     missing: get services in ml, list pods in ml\n" in words
    assert "where     context unit, somebody\n" in words


def test_to_create_a_connection_is_a_right_since_1_35() -> None:
    missing = "apps/create pods/exec", "ml/create pods/exec"
    assert _notes(*missing) == ()
    assert len(_notes(*missing, minor=NEW)) == 2
    with pytest.raises(SetupError, match="create pods/portforward in apps"):
        _notes("apps/create pods/portforward", minor=NEW)


def test_a_right_may_be_asked_for_one_name() -> None:
    api = Granted()
    assert allowed(api, "ml", Right(verb="patch", resource="deployments", group="apps"), name="x")
    assert api.asked == [
        {
            "namespace": "ml",
            "verb": "patch",
            "group": "apps",
            "resource": "deployments",
            "name": "x",
        }
    ]


class _Nobody(Objects):
    """Allows not even to ask."""

    def ask(self, *_arguments: object, **_rest: object) -> Any:  # noqa: ANN401  # any JSON
        """See `Api`."""
        raise Forbidden('these rights do not allow it: User "system:anonymous" cannot create')


def test_who_may_not_even_ask_is_told_so() -> None:
    with pytest.raises(SetupError, match=r"(?s)found.*system:anonymous.*may not even ask who"):
        require_reading(_Nobody(), minor=OLD, open_webui="apps", gateway="ml")


def test_before_1_28_nobody_tells_who_asks() -> None:
    class Old(Objects):
        def ask(self, *_arguments: object, **_rest: object) -> None:
            """Is not there."""

    assert who(Old()) == "an unknown user"


def test_the_scenarios_that_a_right_is_needed_for_exist() -> None:
    named = {title for right in READING for title in (*right.open_webui, *right.gateway)}
    assert named
    assert named - {each.template.name for each in written()} == set()


def _granted(namespace: str) -> Iterator[tuple[str, str, str]]:
    """Verb, group and resource of each right that the shipped file grants."""
    shipped = (REPOSITORY / "deploy" / "rbac" / "read-only.yaml").read_text(encoding="utf-8")
    for item in yaml.safe_load_all(shipped):
        if item["kind"] == "Role" and item["metadata"]["namespace"] == namespace:
            for rule in item["rules"]:
                assert set(rule) == {"apiGroups", "resources", "verbs"}
                for group in rule["apiGroups"]:
                    for resource in rule["resources"]:
                        yield from ((verb, group, resource) for verb in rule["verbs"])


@pytest.mark.parametrize("namespace", ["apps", "ml"])
def test_the_shipped_role_grants_exactly_what_is_asked_for(namespace: str) -> None:
    granted = list(_granted(namespace))
    asked_for = {(right.verb, right.group, right.resource) for right in READING}
    assert set(granted) == asked_for
    assert len(granted) == len(asked_for)
