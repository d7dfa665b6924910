"""`boundary_preview`: a sheet of maps that any browser can show, whatever was drawn."""

from __future__ import annotations

import base64
import re
from xml.etree import ElementTree

import numpy as np
import pytest
import shapely
from shapely import LineString, MultiPolygon, Point, Polygon

from carbon_assets.boundaries import preview as boundary_preview
from carbon_assets.boundaries import repair
from carbon_assets.boundaries.preview import Preview
from carbon_assets.boundaries.repair import Shape
from carbon_assets.geo.crs import WGS84
from tests.kit.boundary_shapes import box, with_holes

SVG = "{http://www.w3.org/2000/svg}"


def preview(*before: shapely.Geometry, after: shapely.Geometry | None = None, title: str = "VCS1", note: str = ""):
    return Preview(title, note, np.array(before, dtype=object), after)


def drawing(*previews: Preview) -> ElementTree.Element:
    return ElementTree.fromstring(boundary_preview.sheet(previews))


def paths(*previews: Preview) -> list[str]:
    """The outlines of all maps, red before green."""
    return [path.get("d") for path in drawing(*previews).iter(f"{SVG}path")]


def test_each_preview_has_its_place_on_the_sheet():
    sheet = drawing(*[preview(box(i, 0), after=MultiPolygon([box(i, 0)])) for i in range(6)])
    groups = sheet.findall(f"{SVG}g")
    assert len(groups) == len({group.get("transform") for group in groups}) == 6
    places = [tuple(map(int, re.findall(r"\d+", group.get("transform")))) for group in groups]
    wide, high = int(sheet.get("width")), int(sheet.get("height"))
    assert all(x < wide and y < high for x, y in places)
    assert len({y for _, y in places}) == 2, "four in a row"


def test_an_empty_sheet_is_one():
    assert drawing().findall(f"{SVG}g") == []


def test_what_was_drawn_is_red_and_what_is_left_green():
    sheet = drawing(preview(box(0, 0), after=MultiPolygon([box(0, 0)])))
    assert [path.get("stroke") for path in sheet.iter(f"{SVG}path")] == ["#c62828", "#2e7d32"]


def test_titles_and_notes_are_told_as_they_are():
    sheet = drawing(preview(box(0, 0), title="<b>A & \"B\"</b> 'C'", note="1 < 2 & 3"))
    assert [text.text for text in sheet.iter(f"{SVG}text")] == ["<b>A & \"B\"</b> 'C'", "1 < 2 & 3"]


def test_a_long_title_is_cut_before_it_is_escaped():
    (title, note) = drawing(preview(box(0, 0), title="&" * 80, note="<" * 80)).iter(f"{SVG}text")
    assert set(title.text) == {"&"} and len(title.text) < 80
    assert set(note.text) == {"<"} and len(note.text) < 80


@pytest.mark.parametrize(
    "before",
    [(), (Polygon(),), (Point(0, 0),), (Point(0, 0), Point(1, 1)), (LineString([(0, 0), (1, 1)]),), (LineString(),)],
)
@pytest.mark.parametrize("after", [None, MultiPolygon()])
def test_what_has_no_ring_draws_nothing(before, after):
    assert paths(preview(*before, after=after)) == []


def test_what_lies_nowhere_draws_nothing():
    nowhere = shapely.box(float("nan"), 0, 1, 1)
    assert paths(preview(nowhere), preview(shapely.box(-np.inf, 0, np.inf, 1))) == []


def test_one_without_a_boundary_leaves_the_others_alone():
    assert len(paths(preview(Point(0, 0)), preview(box(0, 0), after=MultiPolygon([box(0, 0)])))) == 2


@pytest.mark.parametrize("hole", [box(0.02, 0.02, 0.05), box(0.3, 0), box(0.05, 0, 0.1)], ids=["in", "out", "half"])
def test_all_rings_are_drawn_valid_or_not(hole):
    (path,) = paths(preview(with_holes(box(0, 0), hole)))
    assert path.count("M") == path.count("Z") == 2


def test_both_maps_show_the_same_window():
    kept, dropped = box(0, 0), box(0.9, 0.9)
    red, green = paths(preview(kept, dropped, after=MultiPolygon([kept])))
    assert red.startswith(green) or green in red


def test_maps_keep_to_their_panel_with_north_up():
    tall = Polygon([(5, 50), (5.2, 50), (5.1, 51)])
    numbers = [float(n) for n in re.findall(r"[\d.]+", paths(preview(tall))[0])]
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    assert all(0 <= x <= 110 and 0 <= y <= 110 for x, y in points)
    assert min(points, key=lambda point: point[1])[0] == pytest.approx(55, abs=1), "the tip is up, in the middle"


def test_a_million_vertices_are_no_million_points():
    angles = np.linspace(0, 2 * np.pi, 200_000, endpoint=False)
    circle = Polygon(np.column_stack([np.cos(angles), np.sin(angles)]))
    assert len(boundary_preview.sheet([preview(circle, after=MultiPolygon([circle]))])) < 5_000


def test_markdown_holds_the_sheet_itself():
    previews = [preview(box(0, 0), title="Ä & Ö")]
    text = boundary_preview.markdown(previews)
    (found,) = re.findall(r"^!\[[^\]]*\]\(data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)$", text)
    assert base64.b64decode(found).decode() == boundary_preview.sheet(previews)


def test_what_repair_gives_can_be_drawn():
    shapes = [Shape(with_holes(box(0, 0), box(0.3, 0)), WGS84), Shape(Point(1, 1), WGS84)]
    done = repair.repair(shapes, 0.1)
    red, green = paths(preview(*repair.drawn(shapes), after=done.geometry))
    assert red.count("M") == green.count("M") == 2
