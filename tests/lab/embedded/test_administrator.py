"""Who judges an Open WebUI that makes no administrator of its environment, as before 0.7.0."""

import pytest

from acceptance.errors import SetupError
from acceptance.lab.embedded.administrator import SIGNED_UP, administrator_in
from tests.lab.embedded import fake
from tests.lab.embedded.fake import WEBUI, Boot, answer

_ACCOUNT = {"WEBUI_ADMIN_EMAIL": "a@lab.example", "WEBUI_ADMIN_PASSWORD": "of-the-tests-own"}


def test_the_first_user_is_signed_up_once_and_that_is_said(boot: Boot) -> None:
    lab = boot(fake.manifests().with_changes(fake.objects("open-webui", "nobody", **_ACCOUNT)))

    signed_up = ["/api/v1/auths/signup", "a@lab.example", "of-the-tests-own"]
    assert answer(lab, WEBUI).json()["users"] == [signed_up]
    assert answer(lab, WEBUI).json()["environment"]["ENABLE_INITIAL_ADMIN_SIGNUP"] == "true"
    assert SIGNED_UP in lab.notes


def test_nobody_is_signed_up_where_there_is_somebody_or_no_sign_in(boot: Boot) -> None:
    somebody = boot(fake.manifests())
    no_sign_in = {"WEBUI_AUTH": "False", **_ACCOUNT}
    nobody = boot(fake.manifests().with_changes(fake.objects("open-webui", "nobody", **no_sign_in)))

    for lab in (somebody, nobody):
        assert answer(lab, WEBUI).json()["users"] == []
        assert SIGNED_UP not in lab.notes


def test_a_first_user_who_may_not_sign_up_is_explained(boot: Boot) -> None:
    with pytest.raises(SetupError, match=r"(?s)lets nobody sign up.*403.*ADMIN_SIGNUP=false out"):
        boot(fake.manifests(open_webui="closed"))


def test_another_program_behind_its_service_has_none() -> None:
    with pytest.raises(SetupError, match="Open WebUI is not behind its Service"):
        administrator_in({})
