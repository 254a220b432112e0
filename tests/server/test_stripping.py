"""What a camera writes into a photo does not go to customers, and the photo looks as it did."""

from __future__ import annotations

import io
from typing import Any, Final

import pytest
from PIL import Image, ImageChops, ImageCms, PngImagePlugin

from server.stripping import Unstrippable, stripped

HOME: Final = b"12 Home Lane"
"""Written into every place of a file where cameras and editors write something."""

GPS: Final = 0x8825
ORIENTATION: Final = 0x0112

CORNERS: Final = {(4, 4): "red", (91, 4): "lime", (4, 59): "blue", (91, 59): "yellow"}
"""Of the photo as it should be seen, 96×64."""

HELD: Final = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""What the sensor saw for each note, by the EXIF standard: 6 is "turn me clockwise", so it lies the other way."""


def seen() -> Image.Image:
    photo = Image.new("RGB", (96, 64), "white")
    for (x, y), colour in CORNERS.items():
        photo.paste(colour, (x // 48 * 48, y // 32 * 32, x // 48 * 48 + 48, y // 32 * 32 + 32))
    return photo


def notes(orientation: int | None = None) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0132], exif[0x010E] = "Maker", "2026:11:28 10:00:00", HOME.decode()
    exif.get_ifd(GPS).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0), 29: HOME.decode()})
    if orientation is not None:
        exif[ORIENTATION] = orientation
    return exif


def written(photo: Image.Image, kind: str, **more: Any) -> bytes:
    out = io.BytesIO()
    photo.save(out, kind, **more)
    return out.getvalue()


def jpeg(photo: Image.Image, orientation: int | None = None, **more: Any) -> bytes:
    """A photo as a phone makes it: EXIF with the place, a comment, XMP, IPTC, and a film behind the picture."""
    xmp = b"<x:xmpmeta>" + HOME
    content = written(
        photo, "JPEG", quality=98, subsampling=0, exif=notes(orientation), comment=HOME, xmp=xmp, **more
    )  # fmt: skip
    iptc = b"Photoshop 3.0\0" + HOME
    segment = b"\xff\xed" + (len(iptc) + 2).to_bytes(2) + iptc
    return content[:2] + segment + content[2:] + b"ftypmp42 \xff\xd8\xff\xe1" + HOME


def png(photo: Image.Image, orientation: int | None = None) -> bytes:
    said = PngImagePlugin.PngInfo()
    said.add_text("Comment", HOME.decode())
    said.add_text("Place", HOME.decode(), zip=True)
    said.add_itxt("XML:com.adobe.xmp", HOME.decode())
    return written(photo, "PNG", exif=notes(orientation), pnginfo=said) + HOME


def read(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def alike(one: Image.Image, other: Image.Image, by: int) -> bool:
    """Whether two pictures differ nowhere by more than that, of 255."""
    if one.size != other.size:
        return False
    bands = ImageChops.difference(one.convert("RGB"), other.convert("RGB")).getextrema()
    return all(high <= by for _, high in bands)  # type: ignore[misc]


@pytest.mark.parametrize("content", [jpeg(seen()), jpeg(seen(), progressive=True), png(seen())])
def test_nothing_of_the_camera_stays_and_no_pixel_changes(content: bytes) -> None:
    """Neither place, time, maker, comments nor what lies behind the picture are left; the pixels are the same."""
    assert HOME in content
    left = stripped(content)
    assert HOME not in left
    assert b"Exif" not in left
    assert b"eXIf" not in left
    assert b"zTXt" not in left
    assert dict(read(left).getexif()) == {}
    assert read(left).tobytes() == read(content).tobytes()
    assert stripped(left) == left


@pytest.mark.parametrize("note", HELD)
@pytest.mark.parametrize("make", [jpeg, png])
def test_a_photo_stays_the_right_way_up(make: Any, note: int) -> None:
    """For each of the eight ways to hold a camera, the file without its note shows what the photographer saw."""
    turn = HELD[note]
    sensor = seen() if turn is None else seen().transpose(turn)
    left = stripped(make(sensor, note))
    assert HOME not in left
    image = read(left)
    assert dict(image.getexif()) == {}
    assert image.size == (96, 64)
    assert alike(image, seen(), by=24)


def test_its_colours_stay() -> None:
    """The colour profile and the four inks of a print file survive, turned or not."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for note in (1, 6):
        left = stripped(jpeg(seen(), note, icc_profile=profile))
        assert read(left).info["icc_profile"] == profile
        inks = seen().convert("CMYK")
        whole = stripped(jpeg(inks, note))
        assert read(whole).mode == "CMYK"
        expected = inks if note == 1 else inks.transpose(Image.Transpose.ROTATE_270)
        assert alike(read(whole), expected, by=24)


def test_a_file_without_notes_is_the_same_file() -> None:
    """Where there is nothing to take out, not a byte changes."""
    for content in (written(seen(), "JPEG"), written(seen(), "PNG"), written(seen().convert("P"), "PNG")):
        assert stripped(content) == content


@pytest.mark.parametrize("content", [jpeg(seen()), png(seen())])
def test_half_a_file_is_refused(content: bytes) -> None:
    """A file that ends before its picture does is refused wherever it was cut: nothing unread is let through."""
    whole = len(stripped(content))
    for cut in range(0, min(whole, len(content)) - 20, 7):
        with pytest.raises(Unstrippable):
            stripped(content[:cut])
