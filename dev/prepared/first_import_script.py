"""Imports Open WebUI in the current folder, which leaves its database there, and lists modules.

Run by Open WebUI's own Python; checked with 0.12.4: `open_webui.config` migrates while it is
imported, and the settings are written into the database only when the server starts. Argument:
the file for the names of the modules that come from other packages, in the order of their import.
"""

import json
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    os.environ.clear()
    os.environ.update(
        PATH=os.defpath,  # pydub, which 0.7.2 imports, looks for ffmpeg along it
        DATA_DIR=str(Path.cwd()),
        FROM_INIT_PY="true",
        OFFLINE_MODE="true",
        HF_HUB_OFFLINE="1",
        RAG_EMBEDDING_ENGINE="openai",
        USE_SLIM_DOCKER="true",
        WEBUI_SECRET_KEY="of-nobody",  # noqa: S106  # it must be set, and signs nothing
    )
    import open_webui.main  # type: ignore[import-not-found]  # noqa: F401  # it is not ours

    others = [
        name
        for name, module in sys.modules.items()
        if "site-packages" in str(getattr(module, "__file__", ""))
        and getattr(module, "__spec__", None)
        and not name.startswith("open_webui")
    ]
    Path(sys.argv[1]).write_text(json.dumps(others), encoding="utf-8")
