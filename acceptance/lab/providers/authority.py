"""The certificate authority of the emulated providers, kept in a folder where it must last."""

from pathlib import Path

import trustme

from acceptance.lab.providers.handover import CERTIFICATE

KEY = "ca-key.pem"


def keep_authority(folder: Path) -> trustme.CA:
    """The folder's authority, which is made where there is none yet."""
    if not (folder / CERTIFICATE).exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        authority = trustme.CA(organization_name="emulated providers")
        authority.private_key_pem.write_to_path(folder / KEY)
        authority.cert_pem.write_to_path(folder / CERTIFICATE)  # last: it says that both are there
    return read_authority(folder)


def read_authority(folder: Path) -> trustme.CA:
    """The authority that the folder holds."""
    return trustme.CA.from_pem((folder / CERTIFICATE).read_bytes(), (folder / KEY).read_bytes())
