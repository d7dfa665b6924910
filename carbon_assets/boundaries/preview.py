"""Small maps of boundaries before and after repair, as one picture for a person. Nothing is measured here."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import shapely

_PANEL, _GAP, _TITLE, _ACROSS = 110, 8, 26, 4
"""Sizes in pixels: the side of a map, the space around it, the height of its title; and pictures in a row."""


@dataclass(frozen=True)
class Preview:
    """`before`: polygons as drawn, valid or not; `after`: what is left of them, if anything. Both in degrees."""

    title: str
    note: str
    before: np.ndarray
    after: shapely.Geometry | None


def markdown(previews: Sequence[Preview]) -> str:
    """The sheet of all previews as an image within Markdown."""
    picture = base64.b64encode(sheet(previews).encode()).decode()
    return f"![boundaries before (red) and after repair (green)](data:image/svg+xml;base64,{picture})"


def sheet(previews: Sequence[Preview]) -> str:
    """An SVG with two maps per preview: red as drawn, green as repaired."""
    wide, high = 2 * _PANEL + 3 * _GAP, _PANEL + _TITLE + _GAP
    rows = -(-len(previews) // _ACROSS)
    cells = "".join(
        f'<g transform="translate({i % _ACROSS * wide} {i // _ACROSS * high})">{_cell(preview)}</g>'
        for i, preview in enumerate(previews)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_ACROSS * wide}" height="{rows * high}" '
        f'font-family="sans-serif" font-size="10"><rect width="100%" height="100%" fill="#fff"/>{cells}</svg>'
    )


def _cell(preview: Preview) -> str:
    # Something empty has no bounds; nothing at all cannot be asked for them.
    after = shapely.Polygon() if preview.after is None else preview.after
    window = shapely.total_bounds(np.array([*preview.before, after], dtype=object))
    title = f'<text x="{_GAP}" y="11" font-weight="bold">{escape(preview.title[:36])}</text>'
    note = f'<text x="{_GAP}" y="22" fill="#666">{escape(preview.note[:44])}</text>'
    maps = [_map(preview.before, window, "#c62828"), _map(shapely.get_parts([after]), window, "#2e7d32")]
    placed = "".join(
        f'<g transform="translate({_GAP + i * (_PANEL + _GAP)} {_TITLE})">'
        f'<rect width="{_PANEL}" height="{_PANEL}" fill="#f5f5f5"/>{drawing}</g>'
        for i, drawing in enumerate(maps)
    )
    return title + note + placed


def _map(parts: np.ndarray, window: np.ndarray, colour: str) -> str:
    west, south, east, north = window
    span = max(east - west, north - south)
    if not np.isfinite(span) or span <= 0:
        return ""
    scale = (_PANEL - 2) / span

    def on_panel(coordinates: np.ndarray) -> np.ndarray:
        x = 1 + (coordinates[:, 0] - west) * scale + (span - (east - west)) * scale / 2
        y = 1 + (north - coordinates[:, 1]) * scale + (span - (north - south)) * scale / 2
        return np.column_stack([x, y])

    # Ring by ring, as an invalid shape is drawn; half a pixel, as a boundary can have a million vertices.
    rings = shapely.simplify(shapely.transform(shapely.get_rings(parts), on_panel), 0.5, preserve_topology=False)
    path = "".join(_ring(ring) for ring in rings)
    return (
        f'<path d="{path}" fill="{colour}" fill-opacity=".35" fill-rule="evenodd" stroke="{colour}"/>' if path else ""
    )


def _ring(ring: shapely.LinearRing) -> str:
    points = " ".join(f"{x:.1f} {y:.1f}" for x, y in shapely.get_coordinates(ring)[:-1])
    return f"M{points}Z" if points else ""
