"""Decodes one picture in a process of its own: whatever a hostile file does to a decoder, the inbox goes on.

`python -m philia_tui.decoding FILE WIDTH HEIGHT` writes the picture, no larger than that, as a line of JSON
(`width`, `height`, `note`) and its RGB bytes; or a line with `fault`, in the owner's words. Bounds: the bytes of the
file, the pixels by its header, the processor's seconds and the memory of the process.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from store.media import SIZE_LIMIT

if TYPE_CHECKING:
    from PIL import Image

PIXELS: Final = 50_000_000
"""Of a picture that is decoded: the largest phones make 50 million, which takes 150 MB as RGB."""

SECONDS: Final = 10
"""Of the processor; a picture of 50 million pixels takes 2."""

MEMORY: Final = 1_500_000_000
"""Bytes of address space, of which Python and its libraries take a third."""

KINDS: Final = ("JPEG", "PNG", "GIF", "WEBP")


class Unreadable(Exception):
    """It cannot be shown; the sentence says why."""


def main(arguments: list[str]) -> int:
    """Decodes; returns 0 also for a file that cannot be shown, since that is an answer."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    file, width, height = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    try:
        told, content = decode(file, width, height)
    except Unreadable as fault:
        told, content = {"fault": str(fault)}, b""
    except Exception as fault:  # noqa: BLE001  # a broken file raises whatever its decoder stumbles over
        told, content = {"fault": f"the file is broken ({type(fault).__name__})"}, b""
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + content)
    sys.stdout.buffer.flush()
    return 0


def decode(file: Path, width: int, height: int) -> tuple[dict[str, Any], bytes]:
    """Returns what is to be told of a picture, and its RGB bytes, at most so large. Raises Unreadable and others."""
    from PIL import Image, ImageOps  # noqa: PLC0415  # 50 ms, in this process alone

    # By our own bound below, without a warning on the way.
    Image.MAX_IMAGE_PIXELS = None
    if file.stat().st_size > SIZE_LIMIT:
        raise Unreadable(f"the file is larger than {SIZE_LIMIT // 1_048_576} MB")
    with Image.open(file, formats=KINDS) as opened:
        pixels = opened.size[0] * opened.size[1]
        if pixels > PIXELS:
            raise Unreadable(f"it has {pixels // 1_000_000:,} million pixels, and {PIXELS // 1_000_000} are decoded")
        frames = int(getattr(opened, "n_frames", 1))
        # A JPEG is read at an eighth of its size where that is enough.
        opened.draft("RGB", (width * 2, height * 2))
        picture: Image.Image = ImageOps.exif_transpose(opened)
        picture = _without_alpha(picture)
        picture.thumbnail((width, height))
        note = f"the first of {frames} pictures that move" if frames > 1 else ""
        return {"width": picture.width, "height": picture.height, "note": note}, picture.tobytes()


def _without_alpha(picture: Image.Image) -> Image.Image:
    """Returns the picture on white where it can be seen through, as TikTok shows it."""
    from PIL import Image  # noqa: PLC0415  # loaded already

    if not picture.has_transparency_data:
        return picture.convert("RGB")
    ground = Image.new("RGB", picture.size, "white")
    ground.paste(picture, mask=picture.convert("RGBA").getchannel("A"))
    return ground


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
