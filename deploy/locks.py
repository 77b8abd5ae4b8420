"""What `uv pip compile` leaves to do in the lock files: `make lock` calls it."""

import hashlib
import re
from pathlib import Path

PROJECT = Path(__file__).parents[1]
WITH_EXTRAS = re.compile(r"^([\w.-]+)\[[^]]+\](==(?:.*\\\n)*.*\n)", re.M)


def main() -> None:
    """Writes a name with [extras] twice, because pip asks for the hashes of both spellings, and the digest of the engine's file into conda.yaml."""
    for name in ("requirements.lock", "requirements-dev.lock", "deploy/requirements.lock"):
        path = PROJECT / name
        path.write_text(WITH_EXTRAS.sub(r"\g<0>\1\2", path.read_text()))
    digest, conda = hashlib.sha256((PROJECT / "requirements.lock").read_bytes()).hexdigest(), PROJECT / "conda.yaml"
    conda.write_text(re.sub("^# lock: .*", f"# lock: {digest[:16]}", conda.read_text(), flags=re.M))


if __name__ == "__main__":
    main()
